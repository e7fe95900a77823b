using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W4: how fast one client that was offline catches up, and how much memory that costs the server.</summary>
internal sealed class W4Replay : IHeadlineWorkload
{
    private const double MostGrowth = 32;

    private static readonly TimeSpan WarmUpAndStart = TimeSpan.FromSeconds(7);

    public string Id => "w4";

    public string Title => "Replay";

    public string Description =>
        "One client resumes from 0 over 300,000 messages (with `all`: 1,000,000) that were in the database before "
            + "the server started; in turns with a bare loop that reads the same table.";

    public HeadlineLoad Headline(WorkloadRun run) =>
        new(Figures.MessagesPerSecond, new ReplayLoad(Messages(run)), RoundPlan.Of(run, rounds: 5, seconds: 0));

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (headline, load, plan) = Headline(run);
        var aRound = WarmUpAndStart + TimeSpan.FromSeconds(Messages(run) / 60_000.0);
        RoundPlan.Announce(run, this, plan.Rounds * (ComparedPeers.All.Count + 1) * aRound);
        var rows = await new Comparison(run).RunAsync(
            [.. Turn.Of(load, ComparedPeers.All), LimitTurns.Scan(Messages(run))], plan.Rounds);
        return run.RecordOf(this) with
        {
            Headline = headline,
            Peers = rows,
            Targets = run.Smoke ? [] : [.. Targets(rows)],
            Pictures =
            [
                new(PictureKind.Bars, Figures.MessagesPerSecond, "Messages replayed per second") { LogScale = true },
                new(PictureKind.OverTime, Figures.ServerMemory, "Server memory during the replay"),
            ],
            Notes =
            [
                "Before the measurement, replays of the last tenth of the messages, at most 30,000, warm up each "
                    + "server for 3 to 6 s, until they stop getting faster.",
            ],
        };
    }

    private static int Messages(WorkloadRun run) => run.Smoke ? 2_000 : run.Full ? 1_000_000 : 300_000;

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> rows) =>
    [
        .. Judgement.TimesAtLeast("≥ 12 × tutorial-wal", rows.Ratio(Figures.MessagesPerSecond, ComparedPeers.TutorialWal), 12),
        .. Judgement.TimesAtLeast(
            "≥ 0.6 × limit-scan through the data reader",
            rows.Ratio(Figures.MessagesPerSecond, LimitTurns.ScanName, Figures.ScannedPerSecond),
            0.6),
        .. Judgement.AtMost("server memory growth ≤ 32 MiB", rows.Figure(Figures.ServerMemoryGrowth), MostGrowth, "MiB"),
        .. Judgement.Arrived(rows),
    ];
}
