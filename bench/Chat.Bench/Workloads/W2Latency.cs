using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W2: how long one sender waits for an ack.</summary>
internal sealed class W2Latency : IHeadlineWorkload
{
    private const double MostAboveFsync = 0.8;

    public string Id => "w2";

    public string Title => "Ack latency";

    public string Description =>
        "1 sender sends the next message when the previous one is acked, and 1 receiver follows; in turns with a "
            + "bare loop that writes 4 KiB and syncs.";

    public HeadlineLoad Headline(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 3);
        var load = new IngestLoad(senders: 1, inFlight: 1, receivers: 1, plan.WarmUp, plan.Length);
        return new HeadlineLoad(Figures.AckP50, load, plan);
    }

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (headline, load, plan) = Headline(run);
        RoundPlan.Announce(run, this, plan.Expected(ComparedPeers.All.Count + 1));
        var rows = await new Comparison(run).RunAsync(
            [.. Turn.Of(load, ComparedPeers.All), LimitTurns.Fsync(plan.Length)], plan.Rounds);
        return run.RecordOf(this) with
        {
            Headline = headline,
            Peers = rows,
            Targets = run.Smoke ? [] : [.. Targets(rows)],
            Pictures =
            [
                new(PictureKind.Bars, Figures.AckP50, "Ack latency with one message in flight, p50"),
                new(PictureKind.Bars, Figures.AckP99, "Ack latency with one message in flight, p99"),
            ],
        };
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> rows) =>
    [
        .. Judgement.AtMost(
            "p50 ≤ limit-fsync p50 + 0.8 ms",
            AboveFsync(rows),
            MostAboveFsync,
            "ms above"),
        .. Judgement.Below("p99 below tutorial-wal's", ("p99", rows.Ratio(Figures.AckP99, ComparedPeers.TutorialWal))),
        .. Judgement.Arrived(rows),
    ];

    private static Spread? AboveFsync(IReadOnlyList<PeerRounds> rows) =>
        rows.Difference(Figures.AckP50, LimitTurns.FsyncName, Figures.SyncP50);
}
