using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>Makes targets of what was seen; medians decide. Where a side was not measured, there is none.</summary>
internal static class Judgement
{
    public static PeerRounds? Of(this IEnumerable<PeerRounds> rows, string peer) => rows.FirstOrDefault(one => one.Peer == peer);

    /// <summary>Ours over another's, round by round.</summary>
    public static Spread? Ratio(this IReadOnlyList<PeerRounds> rows, string figure, string other, string? otherFigure = null) =>
        rows.Of(PeerRounds.Ours) is { } ours && rows.Of(other) is { } theirs
            ? Ratios.Of(ours, figure, theirs, otherFigure ?? figure)
            : null;

    /// <summary>Ours.</summary>
    public static Spread? Figure(this IReadOnlyList<PeerRounds> rows, string figure) =>
        rows.Of(PeerRounds.Ours) is { } ours ? Ratios.Figure(ours, figure) : null;

    public static IEnumerable<Target> TimesAtLeast(string text, Spread? ratio, double factor) =>
        ratio is { } seen ? [new Target(text, Numbers.Times(seen), seen.Median >= factor)] : [];

    public static IEnumerable<Target> AtMost(string text, Spread? figure, double limit, string unit) =>
        figure is { } seen ? [new Target(text, $"{Numbers.Text(seen)} {unit}", seen.Median <= limit)] : [];

    /// <summary>In every round of ours everything came as it must.</summary>
    public static IEnumerable<Target> Arrived(IReadOnlyList<PeerRounds> rows, string text = "every message arrives once, in order")
    {
        var ours = rows.Where(one => one.Peer == PeerRounds.Ours).SelectMany(one => one.Rounds).ToList();
        var failed = ours.Count(round => round.Failure is not null);
        return ours.Count == 0
            ? []
            : [new Target(text, failed == 0 ? "so in every round" : $"not so in {failed} of {ours.Count} rounds", failed == 0)];
    }

    /// <summary>All of ours are smaller than another's.</summary>
    public static IEnumerable<Target> Below(string text, params (string Name, Spread? Ratio)[] ratios) =>
        ratios.All(one => one.Ratio is not null)
            ? [new Target(
                text,
                string.Join(", ", ratios.Select(one => $"{one.Name} {Numbers.Times(one.Ratio)}")),
                ratios.All(one => one.Ratio!.Value.Median < 1))]
            : [];
}
