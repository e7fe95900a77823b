using Chat.Bench.Limits;
using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>What the disk and SQLite allow, with no service around them.</summary>
internal sealed class LimitsWorkload : IWorkload
{
    private static readonly int[] Batches = [1, 64, 512, 2_048];

    public string Id => "limits";

    public string Title => "Limits";

    public string Description =>
        "Bare loops: writes of 4 KiB with a sync each, inserts of the rows that the service stores in batches of some sizes, and "
        + "a scan of such a table.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 2);
        var messages = run.Smoke ? 2_000 : run.Full ? 1_000_000 : 300_000;
        var comparison = new Comparison(run);
        var syncs = await comparison.RunAsync([Fsync(plan)], plan.Rounds, "Syncs");
        var inserts = new List<PeerRounds>();
        foreach (var batch in Batches)
        {
            inserts.AddRange(await comparison.RunAsync([Inserts(plan, batch)], plan.Rounds, $"Inserts in batches of {batch}"));
        }

        var scans = await comparison.RunAsync([Scan(messages)], plan.Rounds, $"Scan of {Numbers.Text(messages)} messages");
        return run.RecordOf(this) with
        {
            Peers = [.. syncs, .. inserts, .. scans],
            Pictures = [new(PictureKind.Bars, Figures.RowsPerSecond, "Bare inserts per second") { LogScale = true }],
        };
    }

    private static Turn Fsync(RoundPlan plan) =>
        InDirectory(ComparedPeers.LimitFsync, (directory, stop) => new FsyncLimit(directory, plan.Length).Run(stop));

    private static Turn Inserts(RoundPlan plan, int batch) =>
        InDirectory(ComparedPeers.LimitSqlite, (directory, stop) => new SqliteInsertLimit(directory, [batch], plan.Length).Run(stop));

    private static Turn Scan(int messages) => InDirectory(ComparedPeers.LimitScan, (directory, _) =>
    {
        GrpcChatFill.Run(directory, messages, [ClientSetup.DefaultRoom]);
        return new ScanLimit(Path.Combine(directory, GrpcChatServer.DatabaseName)).Run();
    });

    private static Turn InDirectory(string name, Func<string, CancellationToken, RoundResult> run) =>
        new(name, stop => Task.Run(() =>
        {
            using var directory = new DataDirectory();
            return run(directory.Path, stop);
        }, stop));
}
