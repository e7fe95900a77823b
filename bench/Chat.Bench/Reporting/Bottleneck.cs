using GrpcChat.Bench.Loads;

namespace GrpcChat.Bench.Reporting;

/// <summary>
/// Detects that the load generator limited a peer: the generator used up a core, and the server did not. The peer is
/// then faster than its figures.
/// </summary>
internal static class Bottleneck
{
    public const string Mark = " †";

    private const double UsedUp = 0.9;

    /// <summary>A sentence that says so; null = it did not, or CPU was not measured.</summary>
    public static string? Of(PeerRounds peer) =>
        Ratios.Figure(peer, Figures.GeneratorCpu) is { Median: >= UsedUp } generator
        && Ratios.Figure(peer, Figures.ServerCpu) is { Median: < UsedUp } server
            ? $"{peer.Peer}: the load generator used {Numbers.Text(generator.Median)} cores while the server used "
              + $"{Numbers.Text(server.Median)}, so the load generator was probably the bottleneck."
            : null;

    /// <summary>Whether that affects a figure.</summary>
    public static bool Concerns(string figure) => figure.EndsWith("/s", StringComparison.Ordinal) || figure == Figures.GeneratorCpu;
}
