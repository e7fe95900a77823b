using System.Text;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Bench.Tests;

/// <summary>Which messages a receiver accepts.</summary>
public sealed class ReceiverTests
{
    private static readonly byte[] Text = Encoding.ASCII.GetBytes(BenchText.Of(0));

    [Theory]
    [InlineData(1L, 3L)]
    [InlineData(1L, 1L)]
    [InlineData(2L)]
    public void A_gap_or_a_repetition_is_an_error_if_order_is_promised(params long[] ids) =>
        Assert.Throws<InvalidDataException>(() => Receive(new Receiver(inOrder: true), ids));

    [Fact]
    public void Without_a_promised_order_every_message_must_arrive_once_and_late_ones_are_counted()
    {
        var receiver = Receive(new Receiver(inOrder: false), 2, 1, 3);

        Assert.Null(receiver.Missing(3));
        Assert.Equal(1, receiver.OutOfOrder);
        Assert.Throws<InvalidDataException>(() => Receive(receiver, 2));
    }

    [Fact]
    public void A_message_that_did_not_arrive_is_missing()
    {
        Assert.NotNull(Receive(new Receiver(inOrder: false), 1, 3).Missing(3));
        Assert.NotNull(Receive(new Receiver(inOrder: true), 1, 2).Missing(3));
        Assert.Null(Receive(new Receiver(inOrder: true, after: 7), 8, 9).Missing(2));
    }

    [Fact]
    public void A_latency_starts_when_the_message_was_due_and_counts_if_that_was_during_the_measurement()
    {
        var time = new ManualTime();
        var latencies = new Latencies(time);
        var before = time.GetTimestamp();
        time.Advance(TimeSpan.FromMilliseconds(1));
        latencies.Begin();
        var meanwhile = time.GetTimestamp();
        time.Advance(TimeSpan.FromMilliseconds(1));
        latencies.End();
        var after = time.GetTimestamp();

        latencies.Record(before);
        latencies.Record(after);
        Assert.Equal(double.NaN, latencies.Percentile(50));

        time.Advance(TimeSpan.FromMilliseconds(2));
        latencies.Record(meanwhile);
        Assert.Equal(3, latencies.Percentile(50), tolerance: 0.01);
    }

    private static Receiver Receive(Receiver receiver, params long[] ids)
    {
        foreach (var id in ids)
        {
            receiver.Message(id, Text);
        }

        return receiver;
    }
}
