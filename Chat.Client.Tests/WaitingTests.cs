using GrpcChat.Client;
using GrpcChat.Client.Delivery;
using GrpcChat.Client.State;
using GrpcChat.Shared;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>Races in the queues of the client that can only be placed from inside.</summary>
public sealed class WaitingTests
{
    [Fact]
    public async Task An_ack_that_found_no_place_comes_also_where_the_queue_never_runs_empty()
    {
        var queue = new EventQueue(maxCount: 4, maxBytes: 1000, drained: new WakeSignal());
        var last = 0;
        while (!queue.IsFull)
        {
            queue.Add(new RoomCaughtUp("ops", ++last));
        }

        queue.AddNewest(new MessageAcked("ops", "a", 1, false), "ops");
        queue.AddNewest(new MessageAcked("ops", "b", 2, false), "ops");
        var taken = new List<ChatEvent?>();
        for (var n = 0; n < 20; n++)
        {
            taken.Add(await queue.TakeAsync(default));
            if (!queue.IsFull)
            {
                queue.Add(new RoomCaughtUp("ops", ++last));
            }
        }

        Assert.Equal("b", Assert.Single(taken.OfType<MessageAcked>()).ClientOffset);
        Assert.Equal(Enumerable.Range(1, 19).Select(n => (long)n), taken.OfType<RoomCaughtUp>().Select(e => e.Id));
    }

    [Fact]
    public async Task Nothing_is_added_to_a_queue_that_is_complete_and_what_is_there_is_handed_out()
    {
        var queue = new EventQueue(maxCount: 1, maxBytes: 1000, drained: new WakeSignal());
        queue.Add(new RoomCaughtUp("ops", 1));
        queue.AddNewest(new MessageAcked("ops", "a", 1, false), "ops");
        queue.Complete(new InvalidOperationException("halted"));
        queue.Add(new RoomCaughtUp("ops", 2));
        queue.AddNewest(new MessageAcked("dev", "b", 2, false), "dev");

        Assert.IsType<RoomCaughtUp>(await queue.TakeAsync(default));
        Assert.IsType<MessageAcked>(await queue.TakeAsync(default));
        await Assert.ThrowsAsync<InvalidOperationException>(() => queue.TakeAsync(default).AsTask());
    }

    [Fact]
    public async Task An_event_is_not_lost_by_a_reader_that_is_cancelled()
    {
        var queue = new EventQueue(maxCount: 4, maxBytes: 1000, drained: new WakeSignal());
        using var cancellation = new CancellationTokenSource();
        var taking = queue.TakeAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        queue.Add(new RoomCaughtUp("ops", 1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);

        Assert.IsType<RoomCaughtUp>(await queue.TakeAsync(default));
    }

    [Fact]
    public async Task A_caller_who_gives_up_when_the_answer_is_there_is_told_that_it_is()
    {
        var events = new EventQueue(10, 1000, new WakeSignal());
        var outbox = new Outbox(new MemoryStateKeeper(), events, new WakeSignal(), new ChatClientOptions());
        var entry = await outbox.PlaceAsync("ops", "hello", "key", wantsAnswer: true, default);
        outbox.Fill(new ChatRequest(), 1000);
        Assert.True(outbox.Take(new Ack { Room = "ops", ClientOffset = "key", Id = 7 }));

        // The answer is not an event, so the caller must not leave without it.
        Assert.False(events.TakeAsync(default).AsTask().IsCompleted);
        Assert.False(outbox.Abandon(entry));
        Assert.Equal(7, (await entry.Answer!.Task).Id);
    }

    [Fact]
    public async Task A_refusal_is_told_before_a_flush_ends_and_keeps_its_place_until_it_is_taken()
    {
        var events = new EventQueue(10, 1000, new WakeSignal());
        var outbox = new Outbox(
            new MemoryStateKeeper(), events, new WakeSignal(), new ChatClientOptions { MaxOutboxMessages = 1 });
        var entry = await outbox.PlaceAsync("ops", "hello", "key", wantsAnswer: false, default);
        var flushed = outbox.FlushAsync();
        var told = events.TakeAsync(default).AsTask();
        Assert.False(flushed.IsCompleted || told.IsCompleted);
        outbox.Take(new Refusal { Room = "ops", ClientOffset = "key" });

        await flushed;
        Assert.IsType<MessageRefused>(await told);
        await Assert.ThrowsAsync<InvalidOperationException>(() => outbox.PlaceAsync("ops", "more", null, wantsAnswer: false, default));
        outbox.Forget(entry.Sequence, entry.Bytes);
        await outbox.PlaceAsync("ops", "more", null, wantsAnswer: false, default);
    }

    [Fact]
    public void A_room_with_a_known_position_is_joined_also_while_the_event_queue_is_full()
    {
        var state = new MemoryStateKeeper();
        state.Start("ops", new Position(1, "log", 7));
        var events = new EventQueue(1, 1000, new WakeSignal());
        events.Add(new RoomCaughtUp("dev", 1));
        var rooms = new FollowedRooms(state, events, new WakeSignal(), TimeProvider.System);
        rooms.Rewind();
        var joining = rooms.Join("ops", JoinFrom.Start);
        var request = new ChatRequest();
        rooms.Fill(request);

        Assert.Equal(7, Assert.Single(request.Joins).AfterId);
        rooms.Take(new ChatResponse { Joined = { new Joined { Room = "ops", LogId = "log", AfterId = 7, HeadId = 7, Resume = Resume.Complete } } });
        Assert.True(joining.IsCompletedSuccessfully);
    }
}
