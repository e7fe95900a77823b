using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>Measures settings of one peer in turns, as <see cref="Comparison"/> does with peers.</summary>
internal static class Settings
{
    public static async Task<IReadOnlyList<PeerRounds>> InTurnsAsync(
        WorkloadRun run, IEnumerable<(string Setting, Turn Turn)> settings, int rounds)
    {
        var all = settings.ToList();
        var seen = new List<PeerRounds>();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (setting, turn) in all)
            {
                seen.AddRange(await new Comparison(run).RunAsync([turn], rounds: 1, rounds == 1 ? setting : $"{setting}, round {round + 1} of {rounds}"));
            }
        }

        return [.. all.Select((one, place) => new PeerRounds(
            one.Turn.Name,
            [.. seen.Where((_, n) => n % all.Count == place).SelectMany(rows => rows.Rounds)])
        {
            Setting = one.Setting,
        })];
    }
}
