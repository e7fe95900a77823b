using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.Bench.Peers;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Bench.Tests;

/// <summary>The service accepts a log that the bench has filled as one of its own.</summary>
public sealed class GrpcChatFillTests
{
    private static readonly string[] Rooms = ["even", "odd", "never-reached"];

    [Fact]
    public async Task A_filled_log_has_every_message_in_every_room()
    {
        using var directory = new TempDirectory();
        GrpcChatFill.Run(directory.Path, messages: 101, Rooms[..2]);

        await using var log = SqliteMessageLog.Open(directory.Path);

        Assert.Equal((2, 101), (log.Size.Rooms, log.Size.Messages));
        var (even, odd) = (new CollectingSink(), new CollectingSink());
        await log.ReadAsync(Rooms[0], after: 0, even);
        await log.ReadAsync(Rooms[1], after: 0, odd);
        Assert.Equal(Enumerable.Range(1, 51).Select(id => (long)id), even.Messages.Select(message => message.Id));
        Assert.Equal(Enumerable.Range(1, 50).Select(id => (long)id), odd.Messages.Select(message => message.Id));
        Assert.All(even.Messages, message => Assert.Equal(BenchText.Of(0), message.Text));
        Assert.Equal(8, even.Messages.Select(message => message.Sender).Distinct().Count());
    }

    [Fact]
    public async Task A_filled_message_that_is_sent_again_is_a_duplicate_and_one_with_other_text_is_refused()
    {
        using var directory = new TempDirectory();
        GrpcChatFill.Run(directory.Path, messages: 20, Rooms[..1]);
        await using var log = SqliteMessageLog.Open(directory.Path);
        var filled = new CollectingSink();
        await log.ReadAsync(Rooms[0], after: 0, filled);

        foreach (var message in filled.Messages)
        {
            var sender = new RecordingStream(log, message.Sender);
            var again = await sender.SendAsync(Rooms[0], message.ClientOffset, message.Text);
            var other = await sender.SendAsync(Rooms[0], message.ClientOffset, "other text");

            Assert.Equal((message.Id, true), (again.Id, again.Duplicate));
            Assert.NotNull(other.Refused);
        }
    }

    [Fact]
    public async Task A_message_sent_to_a_filled_room_gets_the_next_id_and_a_room_without_messages_does_not_exist()
    {
        using var directory = new TempDirectory();
        GrpcChatFill.Run(directory.Path, messages: 2, Rooms);
        await using var log = SqliteMessageLog.Open(directory.Path);

        Assert.Equal(2, log.Size.Rooms);
        Assert.Equal(2, (await new RecordingStream(log).SendAsync(Rooms[0], "offset")).Id);
        Assert.Equal(1, (await new RecordingStream(log).SendAsync(Rooms[2], "offset")).Id);
    }
}
