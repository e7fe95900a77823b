using Chat.Bench.Limits;
using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W2: how long one sender waits for an ack.</summary>
internal sealed class W2Latency : IWorkload
{
    private const double MostAboveFsync = 0.8;

    public string Id => "w2";

    public string Title => "Ack latency";

    public string Description =>
        "1 sender sends the next message when the last is acked, and 1 receiver follows; in turns with a bare write and sync of 4 KiB.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 3);
        RoundPlan.Tell(run, this, plan.Expected(ComparedPeers.All.Count + 1));
        var load = new IngestLoad(senders: 1, inFlight: 1, receivers: 1, plan.WarmUp, plan.Length);
        var rows = await new Comparison(run).RunAsync(
            [.. ComparedPeers.All.Select(peer => new Turn(peer.Name, stop => load.RunAsync(peer, stop))), Fsync(plan)], plan.Rounds);
        return run.RecordOf(this) with
        {
            Headline = Figures.AckP50,
            Peers = rows,
            Targets = run.Smoke ? [] : [.. Targets(rows)],
            Pictures =
            [
                new(PictureKind.Bars, Figures.AckP50, "Ack latency of one sender in turn, p50"),
                new(PictureKind.Bars, Figures.AckP99, "Ack latency of one sender in turn, p99"),
            ],
        };
    }

    private static Turn Fsync(RoundPlan plan) => new(ComparedPeers.LimitFsync, stop => Task.Run(() =>
    {
        using var directory = new DataDirectory();
        return new FsyncLimit(directory.Path, plan.Length).Run(stop);
    }, stop));

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
        rows.Of(PeerRounds.Ours) is { } ours && rows.Of(ComparedPeers.LimitFsync) is { } limit
            ? Spread.Of(ours.Rounds.Zip(limit.Rounds, (ack, sync) =>
                ack.Figures.GetValueOrDefault(Figures.AckP50, double.NaN) - sync.Figures.GetValueOrDefault(Figures.SyncP50, double.NaN)))
            : null;
}
