using System.Diagnostics;
using System.Text.RegularExpressions;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>What is measured in one round: a peer under a load, or a bare loop that shows a limit.</summary>
/// <param name="Peer">Its name.</param>
/// <param name="RunAsync">Runs one round.</param>
internal sealed record Turn(string Peer, Func<CancellationToken, Task<RoundResult>> RunAsync)
{
    /// <summary>If a workload has several: "100 receivers".</summary>
    public string? Setting { get; init; }

    /// <summary>Peers under the same load.</summary>
    public static IEnumerable<Turn> Of(ILoad load, IEnumerable<IPeer> peers, string? setting = null) =>
        peers.Select(peer => new Turn(peer.Name, stop => load.RunAsync(peer, stop)) { Setting = setting });
}

/// <summary>
/// Measures in turns: A B C, B C A, … A disturbance of the machine then affects all of them, none of them always
/// follows the same other, and round i of one can be compared with round i of another.
/// </summary>
internal sealed partial class Comparison(WorkloadRun run)
{
    /// <summary>Measures the turns whose peers the run includes; returns their rounds in the same order.</summary>
    public async Task<IReadOnlyList<PeerRounds>> RunAsync(IEnumerable<Turn> turns, int rounds)
    {
        var included = turns.Where(turn => run.Includes(turn.Peer)).ToList();
        var results = included.ConvertAll(_ => new List<RoundResult>());
        var (begun, all) = (Stopwatch.StartNew(), rounds * included.Count);
        for (var step = 0; step < all; step++)
        {
            run.Stop.ThrowIfCancellationRequested();
            var round = step / included.Count;
            var place = (step + round) % included.Count;
            var turn = included[place];
            TimeSpan? rest = step == 0 ? null : begun.Elapsed / step * (all - step);
            var name = $"{turn.Peer}{(turn.Setting is null ? "" : $", {turn.Setting}")}, round {round + 1}";
            run.Progress.Step($"{name} of {rounds}", rest);
            var result = await RoundAsync(turn);
            results[place].Add(result);
            if (result.Failure is { } failure)
            {
                run.Progress.Note($"{name}: {failure}");
            }
        }

        return [.. included.Zip(results, (turn, rows) => new PeerRounds(turn.Peer, rows) { Setting = turn.Setting })];
    }

    // A peer that breaks, or is not installed, fails in this round; the others continue.
    private async Task<RoundResult> RoundAsync(Turn turn)
    {
        try
        {
            return await turn.RunAsync(run.Stop);
        }
#pragma warning disable CA1031 // Any failure of a peer is a result.
        catch (Exception error) when (!run.Stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            run.Progress.Note(error.ToString());
            return new RoundResult
            {
                Figures = new Dictionary<string, double>(),
                Failure = $"failed: {Path().Replace(error.Message, "…/$1")}",
            };
        }
    }

    // Records are published, and paths of this machine do not belong there.
    [GeneratedRegex(@"(?<![\w:/])(?:/[\w.+-]+)+/([\w.+-]+)")]
    private static partial Regex Path();
}
