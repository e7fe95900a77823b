using GrpcChat.AspNetCore.Storage;
using GrpcChat.Tests.Storage;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>New rooms take turns on a node, and nobody else waits for them.</summary>
public sealed class PostgresNewRoomTests() : MessageLogTest(LogKind.Postgres)
{
    [Fact]
    public async Task A_room_that_exists_does_not_wait_for_new_ones_also_on_a_node_that_has_just_started()
    {
        var before = Open();
        await new RecordingStream(before, "ann").SendAsync("old", "1");
        await CloseAsync(before);
        var log = Open();
        var held = Gate.HoldNext();
        var ann = new RecordingStream(log, "ann");
        var first = await ann.HandOverAsync("new", "1");
        await held.ReachedAsync();

        var result = await new RecordingStream(log, "bob").SendAsync("old", "2");

        Assert.Equal(AppendResult.Stored(2), result);
        Assert.Empty(ann.Answers);
        held.Release();
        await ann.AnswerAsync(first);
        Assert.Equal(AppendResult.Stored(1), first.Result);
    }
}
