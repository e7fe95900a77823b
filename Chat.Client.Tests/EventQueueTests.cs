using GrpcChat.Client.Delivery;
using GrpcChat.Shared;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>When the events that wait are too many, and when they are few enough again.</summary>
public sealed class EventQueueTests
{
    private readonly WakeSignal drained = new();

    [Fact]
    public async Task A_queue_is_full_from_its_number_of_events_on_until_half_of_them_are_taken()
    {
        var queue = new EventQueue(maxCount: 4, maxBytes: 1000, drained);
        var draining = drained.WaitAsync().AsTask();
        Add(queue, 3);
        Assert.False(queue.IsFull);
        Add(queue, 1);
        Assert.True(queue.IsFull);

        await TakeAsync(queue, 1);
        Assert.True(queue.IsFull);
        Assert.False(draining.IsCompleted);
        await TakeAsync(queue, 1);
        Assert.False(queue.IsFull);
        await draining.Soon();
    }

    [Fact]
    public async Task A_queue_is_full_from_the_size_of_its_texts_on_until_half_of_it_is_taken()
    {
        var queue = new EventQueue(maxCount: 1000, maxBytes: 100, drained);
        var draining = drained.WaitAsync().AsTask();
        Add(queue, 50);
        queue.Add(MessageOf(50));
        queue.Add(MessageOf(49));
        Assert.False(queue.IsFull);
        queue.Add(MessageOf(1));
        Assert.True(queue.IsFull);

        await TakeAsync(queue, 50);
        Assert.True(queue.IsFull);
        Assert.False(draining.IsCompleted);
        await TakeAsync(queue, 1);
        Assert.False(queue.IsFull);
        await draining.Soon();
    }

    [Fact]
    public async Task A_queue_that_was_never_full_does_not_say_that_it_has_drained()
    {
        var queue = new EventQueue(maxCount: 4, maxBytes: 1000, drained);
        Add(queue, 2);
        await TakeAsync(queue, 2);

        Assert.False(drained.WaitAsync().AsTask().IsCompleted);
    }

    [Fact]
    public async Task The_newest_events_that_found_no_space_can_fill_the_queue_again()
    {
        var queue = new EventQueue(maxCount: 4, maxBytes: 1000, drained);
        Add(queue, 4);
        queue.AddNewest(new MessageAcked("ops", "a", 1, false), "ops");
        queue.AddNewest(new MessageAcked("dev", "b", 2, false), "dev");
        await TakeAsync(queue, 2);

        Assert.True(queue.IsFull);
    }

    [Fact]
    public async Task A_reader_that_waits_learns_that_no_more_events_follow()
    {
        var queue = new EventQueue(maxCount: 4, maxBytes: 1000, drained);
        var taking = queue.TakeAsync(default).AsTask();
        queue.Complete(null);

        Assert.Null(await taking.Soon());
    }

    [Fact]
    public async Task The_failure_that_ended_the_events_is_told_also_after_the_client_was_closed()
    {
        var queue = new EventQueue(maxCount: 4, maxBytes: 1000, drained);
        queue.Complete(new InvalidOperationException("first"));
        queue.Complete(new InvalidOperationException("second"));
        queue.Complete(null);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => queue.TakeAsync(default).AsTask());
        Assert.Equal("first", error.Message);
    }

    [Fact]
    public async Task A_reader_that_was_cancelled_before_takes_no_event()
    {
        var queue = new EventQueue(maxCount: 4, maxBytes: 1000, drained);
        Add(queue, 1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => queue.TakeAsync(new CancellationToken(canceled: true)).AsTask());

        await TakeAsync(queue, 1);
    }

    private static void Add(EventQueue queue, int count)
    {
        for (var n = 0; n < count; n++)
        {
            queue.Add(new RoomCaughtUp("ops", n));
        }
    }

    // Of this size: the queue counts one byte more than a text of ASCII letters has.
    private static MessageReceived MessageOf(int size) =>
        new(new ChatMessage("ops", 1, "ann", new string('x', size - 1), default, "offset", false, "log"));

    private static async Task TakeAsync(EventQueue queue, int count)
    {
        for (var n = 0; n < count; n++)
        {
            Assert.NotNull(await queue.TakeAsync(default).AsTask().Soon());
        }
    }
}
