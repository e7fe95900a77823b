using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>What the disk and SQLite allow without a service.</summary>
internal sealed class LimitsWorkload : IWorkload
{
    private static readonly int[] Batches = [1, 64, 512, 2_048];

    public string Id => "limits";

    public string Title => "Limits";

    public string Description =>
        "Bare loops: writes of 4 KiB with a sync each, inserts of the rows that the service stores in batches of "
            + "several sizes, and a scan of such a table.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 2);
        var messages = run.Smoke ? 2_000 : run.Full ? 1_000_000 : 300_000;
        var comparison = new Comparison(run);
        var rows = new List<PeerRounds>();
        foreach (var turn in (Turn[])
        [
            LimitTurns.Fsync(plan.Length) with { Setting = "Syncs" },
            .. Batches.Select(batch =>
                LimitTurns.Inserts(() => [batch], plan.Length) with { Setting = $"Inserts in batches of {batch}" }),
            LimitTurns.Scan(messages) with { Setting = $"Scan of {Numbers.Text(messages)} messages" },
        ])
        {
            rows.AddRange(await comparison.RunAsync([turn], plan.Rounds));
        }

        return run.RecordOf(this) with
        {
            Peers = rows,
            Pictures = [new(PictureKind.Bars, Figures.RowsPerSecond, "Bare inserts per second") { LogScale = true }],
        };
    }
}
