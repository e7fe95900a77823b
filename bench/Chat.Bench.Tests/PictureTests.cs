using System.Globalization;
using System.Xml.Linq;
using GrpcChat.Bench.Reporting;
using GrpcChat.Bench.Reporting.Pictures;
using Xunit;

namespace GrpcChat.Bench.Tests;

/// <summary>Charts are valid SVG, and everything drawn is within their axes.</summary>
public sealed class PictureTests
{
    private static readonly bool[] Scales = [true, false];

    [Theory]
    [InlineData(nameof(PictureKind.Bars), Sample.Sends)]
    [InlineData(nameof(PictureKind.Lines), Sample.Sends)]
    [InlineData(nameof(PictureKind.OverTime), Sample.Memory)]
    public void A_picture_is_well_formed_and_stays_within_its_frame_whatever_the_values(string kind, string of)
    {
        var record = Sample.Record(
            Sample.Rounds(PeerRounds.Ours, 60_000, 120_000) with { Setting = "1 receiver" },
            Sample.Rounds("<peer> & \"co\"", 0, double.NaN, -3) with { Setting = "1 receiver" },
            Sample.Rounds(PeerRounds.Ours, 0) with { Setting = "100 receivers" });

        Assert.All(Scales, isLogarithmic =>
        {
            var svg = Chart.Draw(record, new Picture(Enum.Parse<PictureKind>(kind), of, "A <title> & more") { LogScale = isLogarithmic })!;

            var numbers = XDocument.Parse(svg).Descendants().Attributes()
                .Where(attribute => attribute.Name.LocalName is "x" or "y" or "width" or "height" or "x1" or "x2" or "y1" or "y2" or "points")
                .SelectMany(attribute => attribute.Value.Split(' ', ','))
                .Select(number => double.Parse(number, CultureInfo.InvariantCulture));
            Assert.All(numbers, number => Assert.InRange(number, 0, ChartFrame.Width));
        });
    }

    [Fact]
    public void A_picture_of_a_figure_that_was_not_measured_is_not_drawn()
    {
        var record = Sample.Record(Sample.Rounds(PeerRounds.Ours, 1));

        Assert.Null(Chart.Draw(record, new Picture(PictureKind.Bars, "nothing", "Nothing")));
        Assert.Null(Chart.Draw(record, new Picture(PictureKind.OverTime, "nothing", "Nothing")));
        Assert.Null(HeadlinePicture.Draw([]));
    }

    [Theory]
    [InlineData(0.003)]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(61_234)]
    [InlineData(1_000_000)]
    public void An_axis_ends_at_a_round_mark_that_is_not_far_above_the_largest_value(double largest)
    {
        var axis = Axis.Linear(largest);

        Assert.InRange(axis.Marks.Count, 2, 7);
        Assert.InRange(axis.Marks[^1], largest * 0.999999, largest * 2);
    }
}
