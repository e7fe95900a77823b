using System.Runtime.CompilerServices;
using GrpcChat.AspNetCore.Rooms;
using Xunit;

namespace GrpcChat.Tests.Rooms;

/// <summary>The memory limits of tails.</summary>
public sealed class TailMemoryTests
{
    private const int Plenty = 64 * 1024;
    private const int MiB = 1024 * 1024;

    [Fact]
    public void The_tails_of_100_000_rooms_stay_within_the_limit_and_the_newest_are_there()
    {
        const int Rooms = 100_000;
        var memory = new TailMemory(4 * MiB, MiB);
        var tails = Enumerable.Range(0, Rooms).Select(_ => new RoomTail(memory)).ToList();
        for (var n = 0; n < Rooms; n++)
        {
            tails[n].Add(new RowsCommit($"room-{n}", 1, 2));
            Assert.InRange(memory.Bytes, 1, 4 * MiB);
        }

        Assert.True(memory.Bytes > 3 * MiB, "Most of the memory is used.");
        Assert.All(tails.TakeLast(1000), tail => Assert.True(tail.TryGet(0, 2, Plenty, Plenty, out _)));
        Assert.All(tails.Take(1000), tail => Assert.False(tail.TryGet(0, 2, Plenty, Plenty, out _)));
    }

    [Fact]
    public void Dropped_chunks_are_not_kept_alive_by_their_rooms()
    {
        var memory = new TailMemory(4 * MiB, MiB);
        var tails = Enumerable.Range(0, 200).Select(_ => new RoomTail(memory)).ToList();
        var bytes = tails.ConvertAll(BytesOfNew);

        GC.Collect();

        Assert.All(bytes.Take(100), reference => Assert.False(reference.IsAlive));
        Assert.True(tails[^1].TryGet(999, 1000, Plenty, Plenty, out _));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference BytesOfNew(RoomTail tail)
    {
        tail.Add(new RowsCommit("room", 1, 1000));
        Assert.True(tail.TryGet(999, 1000, Plenty, Plenty, out var run));
        return new WeakReference(run.Bytes);
    }

    [Fact]
    public void A_room_whose_tail_was_dropped_has_one_again_after_its_next_message()
    {
        var memory = new TailMemory(64 * 1024, 64 * 1024);
        var quiet = new RoomTail(memory);
        quiet.Add(new RowsCommit("quiet", 1, 2));
        new RoomTail(memory).Add(new RowsCommit("busy", 1, 2000));
        Assert.False(quiet.TryGet(0, 2, Plenty, Plenty, out _));

        quiet.Add(new RowsCommit("quiet", 3, 1));

        Assert.False(quiet.TryGet(0, 3, Plenty, Plenty, out _));
        Assert.True(quiet.TryGet(2, 3, Plenty, Plenty, out var run));
        Assert.Equal(3, Assert.Single(RoomTailTests.Decode(run)).Id);
    }

    [Fact]
    public void One_busy_room_does_not_drop_the_tails_of_the_others()
    {
        var memory = new TailMemory(8 * MiB, MiB);
        var others = Enumerable.Range(0, 1000).Select(_ => new RoomTail(memory)).ToList();
        others.ForEach(tail => tail.Add(new RowsCommit("other", 1, 2)));

        var busy = new RoomTail(memory);
        busy.Add(new RowsCommit("busy", 1, 200_000));

        Assert.All(others, tail => Assert.True(tail.TryGet(0, 2, Plenty, Plenty, out _)));
        Assert.InRange(memory.Bytes, 0, 4 * MiB);
        Assert.True(busy.TryGet(199_000, 200_000, Plenty, Plenty, out _));
        Assert.False(busy.TryGet(0, 200_000, Plenty, Plenty, out _));
    }

    [Fact]
    public void A_closed_tail_takes_no_memory()
    {
        var memory = new TailMemory(MiB, MiB);
        var tail = new RoomTail(memory);
        tail.Add(new RowsCommit("lobby", 1, 100));

        memory.Close(tail);
        tail.Add(new RowsCommit("lobby", 101, 100));

        Assert.Equal(0, memory.Bytes);
        Assert.False(tail.TryGet(0, 200, Plenty, Plenty, out _));
    }

    [Fact]
    public void Without_memory_there_is_no_tail_and_nothing_fails()
    {
        var memory = new TailMemory(0, 0);
        var tail = new RoomTail(memory);

        tail.Add(new RowsCommit("lobby", 1, 100));

        Assert.Equal(0, memory.Bytes);
        Assert.False(tail.TryGet(0, 100, Plenty, Plenty, out _));
    }
}
