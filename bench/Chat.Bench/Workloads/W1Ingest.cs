using Chat.Bench.Limits;
using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W1: how many sends a second become durable.</summary>
internal sealed class W1Ingest : IWorkload
{
    private const string Ingest = "8 × 64 in flight, 8 receivers";
    private const string AgainstSqlite = "8 × 256 in flight, 1 receiver";
    private const int BatchWithoutService = 512;

    public string Id => "w1";

    public string Title => "Durable ingest";

    public string Description =>
        "8 senders keep 64 sends each in flight in one room, which 8 receivers follow; then 256 each with 1 receiver, beside "
        + "a bare loop that inserts the same rows in batches of the sizes that the service made.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 3);
        RoundPlan.Tell(run, this, plan.Expected(ComparedPeers.All.Count), plan.Expected(turns: 2));
        var comparison = new Comparison(run);
        var ingest = await comparison.RunAsync(
            new IngestLoad(senders: 8, inFlight: 64, receivers: 8, plan.WarmUp, plan.Length), ComparedPeers.All, plan.Rounds, Ingest);
        var beside = await comparison.RunAsync(BesideSqlite(plan), plan.Rounds, AgainstSqlite);
        return run.RecordOf(this) with
        {
            Headline = Figures.AckedPerSecond,
            Peers = [.. ingest, .. beside],
            Targets = run.Smoke ? [] : [.. Targets(ingest, beside)],
            Pictures =
            [
                new(PictureKind.Bars, Figures.AckedPerSecond, "Durable sends per second") { LogScale = true, Settings = [Ingest] },
                new(PictureKind.OverTime, Figures.ServerMemory, "Server memory during ingest") { Settings = [Ingest] },
            ],
            Notes = ["`limit-sqlite` inserts what the service stores, and does nothing else: nothing is looked up, acked or delivered."],
        };
    }

    private static IEnumerable<Turn> BesideSqlite(RoundPlan plan)
    {
        IReadOnlyList<int> batches = [BatchWithoutService];
        var load = new IngestLoad(senders: 8, inFlight: 256, receivers: 1, plan.WarmUp, plan.Length)
        {
            AfterStop = database => batches = BatchSizes.Read(database),
        };
        yield return new Turn(PeerRounds.Ours, stop => load.RunAsync(new GrpcChatPeer(), stop));
        yield return new Turn(ComparedPeers.LimitSqlite, stop => Task.Run(() =>
        {
            using var directory = new DataDirectory();
            return new SqliteInsertLimit(directory.Path, batches, plan.Length).Run(stop);
        }, stop));
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> ingest, IReadOnlyList<PeerRounds> beside) =>
    [
        .. Judgement.TimesAtLeast("≥ 50 × tutorial", ingest.Ratio(Figures.AckedPerSecond, ComparedPeers.Tutorial), 50),
        .. Judgement.TimesAtLeast("≥ 20 × tutorial-wal", ingest.Ratio(Figures.AckedPerSecond, ComparedPeers.TutorialWal), 20),
        .. Judgement.TimesAtLeast(
            "≥ 0.4 × limit-sqlite at the batch sizes seen",
            beside.Ratio(Figures.AckedPerSecond, ComparedPeers.LimitSqlite, Figures.RowsPerSecond),
            0.4),
        .. Judgement.Arrived([.. ingest, .. beside]),
    ];
}
