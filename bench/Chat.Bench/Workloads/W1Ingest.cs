using GrpcChat.Bench.Limits;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W1: how many sends per second become durable.</summary>
internal sealed class W1Ingest : IHeadlineWorkload
{
    private const string Ingest = "8 × 64 in flight, 8 receivers";
    private const string AgainstSqlite = "8 × 256 in flight, 1 receiver";
    private const int BatchWithoutService = 512;

    public string Id => "w1";

    public string Title => "Durable ingest";

    public string Description =>
        "8 senders keep 64 sends each in flight in one room with 8 receivers. Then 8 senders keep 256 each in "
            + "flight with 1 receiver, in turns with a bare loop that inserts the same rows in batches of the sizes "
            + "that the service made.";

    public HeadlineLoad Headline(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 3);
        var load = new IngestLoad(senders: 8, inFlight: 64, receivers: 8, plan.WarmUp, plan.Length);
        return new HeadlineLoad(Figures.AckedPerSecond, load, plan);
    }

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (headline, load, plan) = Headline(run);
        RoundPlan.Announce(run, this, plan.Expected(ComparedPeers.All.Count), plan.Expected(turns: 2));
        var comparison = new Comparison(run);
        var ingest = await comparison.RunAsync(Turn.Of(load, ComparedPeers.All, Ingest), plan.Rounds);
        var beside = await comparison.RunAsync(BesideSqlite(plan), plan.Rounds);
        return run.RecordOf(this) with
        {
            Headline = headline,
            Peers = [.. ingest, .. beside],
            Targets = run.Smoke ? [] : [.. Targets(ingest, beside)],
            Pictures =
            [
                new(PictureKind.Bars, Figures.AckedPerSecond, "Durable sends per second") { LogScale = true, Settings = [Ingest] },
                new(PictureKind.OverTime, Figures.ServerMemory, "Server memory during ingest") { Settings = [Ingest] },
            ],
            Notes =
            [
                "`limit-sqlite` inserts the rows that the service stores, and nothing else: no look-ups, no acks, "
                    + "no deliveries.",
            ],
        };
    }

    private static IEnumerable<Turn> BesideSqlite(RoundPlan plan)
    {
        IReadOnlyList<int> batches = [BatchWithoutService];
        var load = new IngestLoad(senders: 8, inFlight: 256, receivers: 1, plan.WarmUp, plan.Length)
        {
            AfterStop = server => batches = BatchSizes.Read(server.Database!),
        };
        return
        [
            .. Turn.Of(load, [new GrpcChatPeer()], AgainstSqlite),
            LimitTurns.Inserts(() => batches, plan.Length) with { Setting = AgainstSqlite },
        ];
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> ingest, IReadOnlyList<PeerRounds> beside) =>
    [
        .. Judgement.TimesAtLeast("≥ 50 × tutorial", ingest.Ratio(Figures.AckedPerSecond, ComparedPeers.Tutorial), 50),
        .. Judgement.TimesAtLeast("≥ 20 × tutorial-wal", ingest.Ratio(Figures.AckedPerSecond, ComparedPeers.TutorialWal), 20),
        .. Judgement.TimesAtLeast(
            "≥ 0.4 × limit-sqlite at the same batch sizes",
            beside.Ratio(Figures.AckedPerSecond, LimitTurns.SqliteName, Figures.RowsPerSecond),
            0.4),
        .. Judgement.Arrived([.. ingest, .. beside]),
    ];
}
