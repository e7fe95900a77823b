using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>Old messages are removed: which ones, what stays, and what an error means.</summary>
public abstract class TrimContract(LogKind kind) : MessageLogTest(kind)
{
    [Fact]
    public async Task A_step_removes_the_oldest_messages_up_to_an_id_and_no_more_than_500()
    {
        var log = Open();
        await StoreAsync(log, "room", 1_200);
        await StoreAsync(log, "next", 3);

        Assert.Equal(new RoomBounds(501, 1_200), await TrimAsync(log, "room", 1_000));
        Assert.Equal(new RoomBounds(1_001, 1_200), await TrimAsync(log, "room", 1_000));
        Assert.Equal(new RoomBounds(1_001, 1_200), await TrimAsync(log, "room", 1_000));

        Assert.Equal(new RoomBounds(1_001, 1_200), await log.BoundsAsync("room"));
        Assert.Equal(new LogSize(2, 203), log.Size);
        Assert.Equal(Enumerable.Range(1_001, 200).Select(id => (long)id), (await log.PageAsync("room", 1_000)).Select(m => m.Id));
        Assert.Equal(["next 1", "next 2", "next 3"], await log.TextsAsync("next"));
        Assert.Equal(RoomBounds.Empty, await TrimAsync(log, "unknown", 10));
    }

    [Fact]
    public async Task A_read_that_begins_with_a_removed_message_offers_nothing_and_says_so()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        await TrimAsync(log, "room", 4);

        foreach (var (after, isKept, ids) in ((long, bool, long[])[])
            [(0, false, []), (3, false, []), (4, true, [5, 6, 7, 8, 9, 10]), (9, true, [10]), (10, true, [])])
        {
            var sink = new CollectingSink();
            Assert.Equal(isKept, await log.ReadAsync("room", after, long.MaxValue, sink, CancellationToken.None));
            Assert.Equal(ids, sink.Messages.Select(message => message.Id));
        }
    }

    [Fact]
    public async Task Ids_and_client_offsets_of_removed_messages_stay_used()
    {
        var log = Open();
        await StoreAsync(log, "room", 3);

        Assert.Equal(new RoomBounds(4, 3), await TrimAsync(log, "room", long.MaxValue));

        Assert.Equal(new LogSize(1, 0), log.Size);
        Assert.Empty(await log.PageAsync("room", 3));
        Assert.Equal(new RoomSummary("room", 3, null), Assert.Single(await log.ListRoomsAsync("", 10, CancellationToken.None)));
        var ann = new RecordingStream(log);
        Assert.Equal(AppendResult.Found(2), await ann.SendAsync("room", "2", "room 2"));
        Assert.Equal(Refusals.OffsetReused, await ann.SendAsync("room", "2", "another"));
        Assert.Equal(AppendResult.Stored(4), await ann.SendAsync("room", "4", "room 4"));
        Assert.Equal(new RoomBounds(4, 4), await log.BoundsAsync("room"));
        Assert.Equal([4], (await log.PageAsync("room", 3)).Select(message => message.Id));
    }

    [Fact]
    public async Task A_step_that_cannot_be_committed_removes_nothing_and_the_log_goes_on()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        Gate.FailNext(new StoreUnavailableException("the disk is full"));

        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => TrimAsync(log, "room", 5));

        Assert.Equal("the disk is full", error.Message);
        Assert.Equal(new RoomBounds(1, 10), await log.BoundsAsync("room"));
        Assert.Equal(new LogSize(1, 10), log.Size);
        Assert.Equal(10, (await log.PageAsync("room")).Count);
        Assert.Equal(AppendResult.Stored(11), await new RecordingStream(log).SendAsync("room", "11"));
        Assert.Equal(new RoomBounds(6, 11), await TrimAsync(log, "room", 5));
    }

    [Fact]
    public async Task Readers_see_a_room_as_it_was_until_the_step_is_committed()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        var held = Gate.HoldNext();
        var trimming = TrimAsync(log, "room", 5);
        await held.ReachedAsync();

        Assert.Equal(new RoomBounds(1, 10), await log.BoundsAsync("room"));
        Assert.Equal(10, (await log.PageAsync("room")).Count);

        held.Release();
        await trimming;
        Assert.Equal(new RoomBounds(6, 10), await log.BoundsAsync("room"));
    }

    private protected static async Task StoreAsync(IMessageLog log, string room, int count)
    {
        var ann = new RecordingStream(log);
        for (var n = 1; n <= count; n++)
        {
            await ann.HandOverAsync(room, $"{n}", $"{room} {n}");
        }

        await ann.AnswersAsync(count);
    }

    private protected static Task<RoomBounds> TrimAsync(IMessageLog log, string room, long through) =>
        log.TrimAsync(room, through, CancellationToken.None).WaitAsync(RecordingStream.Deadline);
}

public sealed class InMemoryTrimTests() : TrimContract(LogKind.InMemory);

public sealed class PostgresTrimContractTests() : TrimContract(LogKind.Postgres);
