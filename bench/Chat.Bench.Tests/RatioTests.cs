using GrpcChat.Bench.Commands;
using GrpcChat.Bench.Reporting;
using GrpcChat.Bench.Workloads;
using Xunit;

namespace GrpcChat.Bench.Tests;

/// <summary>Two programs are compared round by round.</summary>
public sealed class RatioTests
{
    [Fact]
    public void A_ratio_is_taken_round_by_round_and_not_of_medians()
    {
        // The machine was slow in the first round, for both. The medians' ratio would be 2.
        var ours = Sample.Rounds(PeerRounds.Ours, 30, 200, 300);
        var other = Sample.Rounds("tutorial", 10, 100, 100);

        Assert.Equal(new Spread(3, 2, 3), Ratios.Of(ours, other, Sample.Sends));
    }

    [Fact]
    public void A_round_that_lacks_the_figure_on_one_side_takes_no_part()
    {
        var ours = Sample.Rounds(PeerRounds.Ours, 10, double.NaN, 30);
        var other = Sample.Rounds("tutorial", 0, 10, 10, 10);

        Assert.Equal(new Spread(3, 3, 3), Ratios.Of(ours, other, Sample.Sends));
        Assert.Null(Ratios.Of(ours, other, "a figure that no round has"));
    }

    [Theory]
    [InlineData("acked sends/s", "2 ×")]
    [InlineData("ack p50 (ms)", "0.5 ×")]
    public void The_faster_of_two_builds_has_a_ratio_above_1_also_if_the_figure_is_a_latency(string figure, string ratio)
    {
        var ours = new PeerRounds(PeerRounds.Ours, [Sample.Round((figure, 40))]);
        var baseline = new PeerRounds("baseline", [Sample.Round((figure, 20))]);

        Assert.Equal(["40", "20", ratio], VersusCommand.Row(new W1Ingest(), figure, ours, baseline).TakeLast(3));
    }

    [Theory]
    [InlineData(new double[] { 3, 1, 2 }, 2)]
    [InlineData(new double[] { 4, 1, 2, 30 }, 3)]
    public void The_median_of_an_even_number_lies_between_the_middle_two(double[] values, double median)
    {
        Assert.Equal(median, Spread.Of(values)!.Value.Median);
    }
}
