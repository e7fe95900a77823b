using System.Diagnostics;
using System.Text.RegularExpressions;
using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Workloads;

namespace Chat.Bench.Reporting;

/// <summary>One that takes turns: a peer under a load, or a bare loop that shows a limit.</summary>
internal sealed record Turn(string Name, Func<CancellationToken, Task<RoundResult>> RunAsync);

/// <summary>
/// Measures in turns, A B C, B C A, …: what a neighbour on the machine does meanwhile then falls on all of them, none always
/// comes after the same other, and round i of one can be compared with round i of another.
/// </summary>
internal sealed partial class Comparison(WorkloadRun run)
{
    /// <summary>Every peer that the run wants, under the same load.</summary>
    public Task<IReadOnlyList<PeerRounds>> RunAsync(ILoad load, IEnumerable<IPeer> peers, int rounds, string? setting = null) =>
        RunAsync(peers.Select(peer => new Turn(peer.Name, stop => load.RunAsync(peer, stop))), rounds, setting);

    /// <summary>Anything that the run wants.</summary>
    public async Task<IReadOnlyList<PeerRounds>> RunAsync(IEnumerable<Turn> turns, int rounds, string? setting = null)
    {
        var wanted = turns.Where(turn => run.Wants(turn.Name)).ToList();
        var results = wanted.ConvertAll(_ => new List<RoundResult>());
        var (begun, all) = (Stopwatch.StartNew(), rounds * wanted.Count);
        for (var step = 0; step < all; step++)
        {
            run.Stop.ThrowIfCancellationRequested();
            var round = step / wanted.Count;
            var turn = (step + round) % wanted.Count;
            TimeSpan? rest = step == 0 ? null : begun.Elapsed / step * (all - step);
            var name = setting is null ? wanted[turn].Name : $"{wanted[turn].Name}, {setting}";
            run.Progress.Step($"{name}, round {round + 1} of {rounds}", rest);
            var result = await RoundAsync(wanted[turn], run);
            results[turn].Add(result);
            if (result.Failure is { } failure)
            {
                run.Progress.Note($"{name}, round {round + 1}: {failure}");
            }
        }

        return wanted.Zip(results, (turn, rows) => new PeerRounds(turn.Name, rows) { Setting = setting }).ToList();
    }

    /// <summary>A peer that breaks, or that isn't installed, has failed this round; the others go on.</summary>
    public static async Task<RoundResult> RoundAsync(Turn turn, WorkloadRun run)
    {
        try
        {
            return await turn.RunAsync(run.Stop);
        }
#pragma warning disable CA1031 // Whatever a peer does is a result.
        catch (Exception error) when (!run.Stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            run.Progress.Note(error.ToString());
            return new RoundResult { Figures = new Dictionary<string, double>(), Failure = $"broke: {Path().Replace(error.Message, "…/$1")}" };
        }
    }

    // Where things lie on this machine is nobody's business, and the record is published.
    [GeneratedRegex(@"(?<![\w:/])(?:/[\w.+-]+)+/([\w.+-]+)")]
    private static partial Regex Path();
}
