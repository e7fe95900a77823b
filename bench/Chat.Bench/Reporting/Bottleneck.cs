using Chat.Bench.Loads;

namespace Chat.Bench.Reporting;

/// <summary>
/// Whether a peer was held up by who loaded it: the load generator used a core up, and the server did not. Then the peer
/// can do more than the figures say.
/// </summary>
internal static class Bottleneck
{
    public const string Mark = " †";

    private const double UsedUp = 0.9;

    /// <summary>What to say of it; null where it is not so, or where nobody knows.</summary>
    public static string? Of(PeerRounds peer) =>
        Ratios.Figure(peer, Figures.GeneratorCpu) is { Median: >= UsedUp } generator
        && Ratios.Figure(peer, Figures.ServerCpu) is { Median: < UsedUp } server
            ? $"{peer.Peer}: the load generator used {Numbers.Text(generator.Median)} cores while the server used "
              + $"{Numbers.Text(server.Median)}, so the load generator was probably the bottleneck."
            : null;

    /// <summary>The figures to which that matters.</summary>
    public static bool Concerns(string figure) => figure.EndsWith("/s", StringComparison.Ordinal) || figure == Figures.GeneratorCpu;
}
