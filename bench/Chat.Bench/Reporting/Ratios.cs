using GrpcChat.Bench.Loads;

namespace GrpcChat.Bench.Reporting;

/// <summary>Median, minimum and maximum of some values.</summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    /// <summary>Null if there are no finite values.</summary>
    public static Spread? Of(IEnumerable<double> values)
    {
        var ordered = values.Where(double.IsFinite).Order().ToList();
        return ordered.Count == 0 ? null : new Spread(Middle(ordered), ordered[0], ordered[^1]);
    }

    private static double Middle(List<double> ordered) =>
        (ordered[(ordered.Count - 1) / 2] + ordered[ordered.Count / 2]) / 2;
}

/// <summary>
/// Compares figures of rounds that were measured in turns. A disturbance of the machine in one round affects both sides
/// of that round, so ratios are computed per round; a ratio of medians would mix different minutes.
/// </summary>
internal static class Ratios
{
    /// <summary>A figure over the rounds that have it; null = no round has it.</summary>
    public static Spread? Figure(PeerRounds peer, string figure) =>
        Spread.Of(peer.Rounds.Where(round => round.Figures.ContainsKey(figure)).Select(round => round.Figures[figure]));

    /// <summary>
    /// Round i of <paramref name="ours"/> over round i of <paramref name="other"/>; null = no round has both.
    /// </summary>
    public static Spread? Of(PeerRounds ours, PeerRounds other, string figure) => Of(ours, figure, other, figure);

    /// <summary>The same for figures with different names.</summary>
    public static Spread? Of(PeerRounds ours, string figure, PeerRounds other, string otherFigure) =>
        Spread.Of(ours.Rounds.Zip(other.Rounds, (a, b) => Ratio(a, figure, b, otherFigure)));

    private static double Ratio(RoundResult a, string figure, RoundResult b, string otherFigure) =>
        a.Figures.TryGetValue(figure, out var ours) && b.Figures.TryGetValue(otherFigure, out var theirs) && theirs != 0
            ? ours / theirs
            : double.NaN;
}
