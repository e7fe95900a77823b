using Google.Protobuf.WellKnownTypes;
using GrpcChat.Client.Delivery;
using GrpcChat.Client.State;
using GrpcChat.Shared;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>The outbox without a stream: who gets a place, who waits for what, and what ends the waiting.</summary>
public sealed class OutboxTests
{
    private readonly ManualTime time = new();
    private readonly EventQueue events = new(100, 10_000, new WakeSignal());
    private readonly WakeSignal wakeUp = new();

    [Fact]
    public async Task A_message_of_an_earlier_process_is_stored_and_has_its_place()
    {
        var outbox = Open(new ChatClientOptions { MaxOutboxMessages = 2 }, new StoredMessage(1, "ops", "key", "hello"));
        var again = await outbox.PlaceAsync("ops", "hello", "key", wantsAnswer: true, default).Soon();
        await outbox.PlaceAsync("ops", "second", null, wantsAnswer: false, default).Soon();
        var next = outbox.PlaceAsync("ops", "next", null, wantsAnswer: false, default);

        Assert.True(again.Stored.IsCompletedSuccessfully);
        Assert.False(next.IsCompleted);
        outbox.Fill(new ChatRequest(), 1000);
        outbox.Take(new Ack { Room = "ops", ClientOffset = "key", Id = 1 });
        await next.Soon();
    }

    [Fact]
    public async Task A_call_that_was_cancelled_before_leaves_nothing_in_the_outbox()
    {
        var outbox = Open();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => outbox.PlaceAsync("ops", "hello", null, wantsAnswer: false, new CancellationToken(canceled: true)));

        Assert.Equal(0, outbox.Count);
    }

    [Fact]
    public async Task A_closed_outbox_takes_no_message_and_says_why_it_was_closed()
    {
        var (failed, closing) = (new InvalidOperationException("failed"), new InvalidOperationException("closing"));
        var outbox = Open();
        outbox.Shut(closing);
        Assert.Same(closing, await Refused());
        outbox.Close(failed);
        Assert.Same(failed, await Refused());

        Task<InvalidOperationException> Refused() => Assert.ThrowsAsync<InvalidOperationException>(
            () => outbox.PlaceAsync("ops", "hello", null, wantsAnswer: false, default).Soon());
    }

    [Fact]
    public async Task A_flush_does_not_wait_for_a_message_that_could_not_be_stored()
    {
        var outbox = Open(new ChatClientOptions(), stored: []);
        var placed = await outbox.PlaceAsync("ops", "hello", "key", wantsAnswer: false, default).Soon();
        var flushing = outbox.FlushAsync();
        Assert.False(flushing.IsCompleted);
        var error = new ChatStateException("there is no space");
        outbox.OnStored(new StoredMessage(placed.Sequence, "ops", "key", "hello"), error);

        await flushing.Soon();
        Assert.Same(error, await Assert.ThrowsAsync<ChatStateException>(placed.Stored.Soon));
    }

    [Fact]
    public async Task Each_of_two_rooms_that_must_wait_has_its_turn_when_its_own_time_is_over()
    {
        var outbox = Open();
        await outbox.PlaceAsync("soon", "1", "key", wantsAnswer: false, default).Soon();
        await outbox.PlaceAsync("late", "2", "key", wantsAnswer: false, default).Soon();
        outbox.Fill(new ChatRequest(), 1000);
        Assert.False(outbox.Take(Refusal("soon", TimeSpan.FromSeconds(5))));
        Assert.False(outbox.Take(Refusal("late", TimeSpan.FromSeconds(9))));
        await wakeUp.WaitAsync();

        foreach (var (room, left) in new[] { ("soon", 5), ("late", 4) })
        {
            Assert.False(outbox.Fill(new ChatRequest(), 1000));
            var waking = wakeUp.WaitAsync().AsTask();
            time.Advance(TimeSpan.FromSeconds(left));
            await waking.Soon();
            var request = new ChatRequest();
            outbox.Fill(request, 1000);
            Assert.Equal(room, Assert.Single(request.Sends).Room);
        }
    }

    [Fact]
    public void A_refusal_of_a_message_that_is_not_in_the_outbox_changes_nothing()
    {
        var outbox = Open();

        Assert.False(outbox.Take(Refusal("ops", retryAfter: null)));
        Assert.False(events.TakeAsync(default).AsTask().IsCompleted);
    }

    [Theory]
    [InlineData(1, 999_999_999, true)]
    [InlineData(1, 1_000_000_000, false)]
    [InlineData(1, -1, false)]
    [InlineData(-1, 0, false)]
    [InlineData(0, 0, true)]
    [InlineData(Duration.MaxSeconds, 0, true)]
    [InlineData(Duration.MaxSeconds + 1, 0, false)]
    public void A_duration_out_of_range_is_none(long seconds, int nanos, bool isOne) =>
        Assert.Equal(isOne, new Duration { Seconds = seconds, Nanos = nanos }.ToSpan() is not null);

    private static Refusal Refusal(string room, TimeSpan? retryAfter) => new()
    {
        Room = room,
        ClientOffset = "key",
        Reason = Reason.Limit,
        Detail = "not yet",
        RetryAfter = retryAfter?.ToDuration(),
    };

    private Outbox Open() =>
        new(new MemoryStateKeeper(), events, wakeUp, new ChatClientOptions { TimeProvider = time });

    // With a durable state, which has these messages and is not written.
    private Outbox Open(ChatClientOptions options, params StoredMessage[] stored) =>
        new(new DurableStateKeeper(new LeftState(stored), options), events, wakeUp, options);
}
