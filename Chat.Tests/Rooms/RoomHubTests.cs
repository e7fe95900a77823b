using System.Diagnostics.Metrics;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Xunit;

namespace GrpcChat.Tests.Rooms;

/// <summary>Who follows which room: who is woken, and what the room has for its readers then.</summary>
public sealed class RoomHubTests : IDisposable
{
    private const int Plenty = 64 * 1024;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly TailMemory memory = new(1 << 20, 1 << 20);
    private readonly ChatMetrics metrics;
    private readonly RoomHub hub;

    public RoomHubTests()
    {
        metrics = new ChatMetrics(services.GetRequiredService<IMeterFactory>());
        hub = new RoomHub(memory, metrics);
    }

    public void Dispose()
    {
        metrics.Dispose();
        services.Dispose();
    }

    [Fact]
    public async Task Each_commit_wakes_all_followers_of_its_room_and_nobody_else()
    {
        using var wakeUps = new MetricCollector<long>(
            services.GetRequiredService<IMeterFactory>(), ChatMetrics.MeterName, "chat.wakeups");
        var (ann, bob, other) = (new WakeSignal(), new WakeSignal(), new WakeSignal());
        hub.Follow("lobby", ann);
        hub.Follow("lobby", bob);
        hub.Follow("ops", other);
        var otherWait = other.WaitAsync();
        for (var id = 1; id <= 3; id++)
        {
            hub.OnCommitted(new RowsCommit("lobby", id, 1));
            await WokenAsync(ann);
            await WokenAsync(bob);
        }

        Assert.False(otherWait.IsCompleted);
        hub.OnCommitted(new RowsCommit("nobody", 1, 1));
        hub.OnCommitted(new RowsCommit("ops", 1, 1));
        await otherWait.AsTask().WaitAsync(Deadline);

        // The last round of the lobby may not be counted yet when its followers are awake.
        Assert.True(SpinWait.SpinUntil(() => Count() == 7, Deadline), $"{Count()} were woken");

        long Count()
        {
            wakeUps.RecordObservableInstruments();
            return wakeUps.LastMeasurement!.Value;
        }
    }

    [Fact]
    public async Task A_stream_that_has_left_is_not_woken_and_the_others_of_its_room_are()
    {
        var (gone, here) = (new WakeSignal(), new WakeSignal());
        var room = hub.Follow("lobby", gone);
        Assert.Same(room, hub.Follow("lobby", here));
        var goneWait = gone.WaitAsync();
        hub.Unfollow(room, gone);

        // When the second round wakes somebody, the first one is over.
        for (var id = 1; id <= 2; id++)
        {
            hub.OnCommitted(new RowsCommit("lobby", id, 1));
            await WokenAsync(here);
        }

        Assert.False(goneWait.IsCompleted);
        Assert.True(room.Tail.TryGet(0, 2, Plenty, Plenty, out _));
    }

    [Fact]
    public async Task A_room_that_the_last_stream_has_left_takes_no_memory_and_begins_anew_with_the_next_one()
    {
        var (first, second) = (new WakeSignal(), new WakeSignal());
        var left = hub.Follow("lobby", first);
        hub.OnCommitted(new RowsCommit("lobby", 1, 1));
        hub.Unfollow(left, first);
        Assert.Equal(0, memory.Bytes);

        hub.OnCommitted(new RowsCommit("lobby", 2, 1));
        Assert.Equal((1, 0), (left.Head, memory.Bytes));
        var next = hub.Follow("lobby", second);
        hub.OnCommitted(new RowsCommit("lobby", 3, 1));
        await WokenAsync(second);
        Assert.Equal((1, 3), (left.Head, next.Head));
        Assert.True(next.Tail.TryGet(2, 3, Plenty, Plenty, out _));
    }

    [Fact]
    public async Task A_stream_that_comes_while_the_last_one_leaves_misses_no_commit()
    {
        var (last, next) = (new WakeSignal(), new WakeSignal());
        var left = hub.Follow("lobby", last);
        Assert.True(left.Unfollow(last)); // As in hub.Unfollow, which has not removed the room yet.

        var room = hub.Follow("lobby", next);
        hub.Unfollow(left, last); // It goes on, and must not remove the room that replaced its own.
        hub.OnCommitted(new RowsCommit("lobby", 1, 1));

        await WokenAsync(next);
        Assert.Equal(1, room.Head);
    }

    [Fact]
    public void The_head_is_the_newest_of_all_that_were_reported_in_whatever_order()
    {
        var room = hub.Follow("lobby", new WakeSignal());
        room.AdvanceHead(7);
        room.AdvanceHead(5);
        Assert.Equal(7, room.Head);
        room.AdvanceHead(7);
        room.AdvanceHead(8);
        Assert.Equal(8, room.Head);
    }

    [Fact]
    public void Whoever_reports_a_head_beside_others_finds_it_or_a_newer_one()
    {
        var room = hub.Follow("lobby", new WakeSignal());
        var (last, behind) = (0L, 0L);
        Parallel.For(0, 4, _ =>
        {
            for (var n = 0; n < 250_000; n++)
            {
                var mine = Interlocked.Increment(ref last);
                room.AdvanceHead(mine);
                if (room.Head < mine)
                {
                    Interlocked.Increment(ref behind);
                }
            }
        });

        Assert.Equal((1_000_000, 0), (room.Head, behind));
    }

    [Fact]
    public void After_texts_of_a_room_were_erased_nothing_of_it_is_read_from_memory()
    {
        var lobby = hub.Follow("lobby", new WakeSignal());
        var ops = hub.Follow("ops", new WakeSignal());
        hub.OnCommitted(new RowsCommit("lobby", 1, 5));
        hub.OnCommitted(new RowsCommit("ops", 1, 5));
        hub.OnErased("nobody");
        hub.OnErased("lobby");

        Assert.False(lobby.Tail.TryGet(0, 5, Plenty, Plenty, out _));
        Assert.False(lobby.Tail.TryGet(4, 5, Plenty, Plenty, out _));
        Assert.True(ops.Tail.TryGet(0, 5, Plenty, Plenty, out _));
    }

    private static async Task WokenAsync(WakeSignal signal) => await signal.WaitAsync().AsTask().WaitAsync(Deadline);
}
