using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>Compares medians with targets. If a side was not measured, there is no target.</summary>
internal static class Judgement
{
    public static PeerRounds? Of(this IEnumerable<PeerRounds> rows, string peer) => rows.FirstOrDefault(one => one.Peer == peer);

    /// <summary>Our figure over another peer's, round by round.</summary>
    public static Spread? Ratio(this IReadOnlyList<PeerRounds> rows, string figure, string other, string? otherFigure = null) =>
        rows.Of(PeerRounds.Ours) is { } ours && rows.Of(other) is { } theirs
            ? Ratios.Of(ours, figure, theirs, otherFigure ?? figure)
            : null;

    /// <summary>Our figure less another peer's, round by round.</summary>
    public static Spread? Difference(this IReadOnlyList<PeerRounds> rows, string figure, string other, string otherFigure) =>
        rows.Of(PeerRounds.Ours) is { } ours && rows.Of(other) is { } theirs
            ? Spread.Of(ours.Rounds.Zip(theirs.Rounds, (a, b) =>
                a.Figures.GetValueOrDefault(figure, double.NaN) - b.Figures.GetValueOrDefault(otherFigure, double.NaN)))
            : null;

    /// <summary>Our figure.</summary>
    public static Spread? Figure(this IReadOnlyList<PeerRounds> rows, string figure) =>
        rows.Of(PeerRounds.Ours) is { } ours ? Ratios.Figure(ours, figure) : null;

    public static IEnumerable<Target> TimesAtLeast(string text, Spread? ratio, double factor) =>
        ratio is { } seen ? [new Target(text, Numbers.Times(seen), seen.Median >= factor)] : [];

    public static IEnumerable<Target> AtMost(string text, Spread? figure, double limit, string unit) =>
        figure is { } seen ? [new Target(text, $"{Numbers.Text(seen)} {unit}", seen.Median <= limit)] : [];

    public static IEnumerable<Target> AtLeast(string text, Spread? figure, double limit, string unit) =>
        figure is { } seen ? [new Target(text, $"{Numbers.Text(seen)} {unit}", seen.Median >= limit)] : [];

    /// <summary>Whether everything arrived in every round of ours.</summary>
    public static IEnumerable<Target> Arrived(IReadOnlyList<PeerRounds> rows, string text = "every message arrives once, in order")
    {
        var ours = rows.Where(one => one.Peer == PeerRounds.Ours).SelectMany(one => one.Rounds).ToList();
        var failed = ours.Count(round => round.Failure is not null);
        return ours.Count == 0
            ? []
            : [new Target(text, failed == 0 ? "in every round" : $"not in {failed} of {ours.Count} rounds", failed == 0)];
    }

    /// <summary>Whether all of our figures are smaller than another peer's.</summary>
    public static IEnumerable<Target> Below(string text, params (string Name, Spread? Ratio)[] ratios) =>
        ratios.All(one => one.Ratio is not null)
            ? [new Target(
                text,
                string.Join(", ", ratios.Select(one => $"{one.Name} {Numbers.Times(one.Ratio)}")),
                ratios.All(one => one.Ratio!.Value.Median < 1))]
            : [];
}
