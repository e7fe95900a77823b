using System.Diagnostics;
using Chat.Bench.Loads;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>Measures settings of one peer in turns, as <see cref="Comparison"/> does with peers.</summary>
internal static class Settings
{
    public static async Task<IReadOnlyList<PeerRounds>> InTurnsAsync(
        WorkloadRun run, IEnumerable<(string Setting, Turn Turn)> settings, int rounds)
    {
        var all = settings.Where(one => run.Wants(one.Turn.Name)).ToList();
        var results = all.ConvertAll(_ => new List<RoundResult>());
        var (begun, steps) = (Stopwatch.StartNew(), rounds * all.Count);
        for (var step = 0; step < steps; step++)
        {
            run.Stop.ThrowIfCancellationRequested();
            var (round, (setting, turn)) = (step / all.Count, all[step % all.Count]);
            TimeSpan? rest = step == 0 ? null : begun.Elapsed / step * (steps - step);
            run.Progress.Step($"{turn.Name}, {setting}, round {round + 1} of {rounds}", rest);
            var result = await Comparison.RoundAsync(turn, run);
            results[step % all.Count].Add(result);
            if (result.Failure is { } failure)
            {
                run.Progress.Note($"{turn.Name}, {setting}, round {round + 1}: {failure}");
            }
        }

        return [.. all.Zip(results, (one, rows) => new PeerRounds(one.Turn.Name, rows) { Setting = one.Setting })];
    }
}
