using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W8: some readers stop reading, which should not affect the others.</summary>
internal sealed class W8SlowReaders : IWorkload
{
    private const int DefaultRounds = 3;
    private const int PerSecond = 100;
    private const double MostOverCalm = 1.25;
    private const double MostMebibytes = 64;
    private static readonly TimeSpan StartAndStop = TimeSpan.FromSeconds(3);

    public string Id => "w8";

    public string Title => "Slow readers";

    public string Description =>
        $"{PerSecond} messages/s to 200 receivers, each on its own connection, of which 100 stop reading for 30 s "
            + "and then resume.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (others, slow) = run.Smoke ? (5, 5) : (100, 100);
        var part = run.Smoke ? TimeSpan.FromSeconds(2) : run.RoundLength ?? TimeSpan.FromSeconds(30);
        var warmUp = TimeSpan.FromSeconds(run.Smoke ? 1 : 5);
        var rounds = run.Smoke ? 1 : run.Rounds ?? DefaultRounds;
        RoundPlan.Announce(run, this, rounds * ((4 * part) + warmUp + StartAndStop));
        var load = new SlowReadersLoad(others, slow, PerSecond, warmUp, part);
        var peers = await new Comparison(run).RunAsync(Turn.Of(load, [new GrpcChatPeer()]), rounds);
        return run.RecordOf(this) with
        {
            Headline = SlowReadersLoad.WhileStopped,
            Peers = peers,
            Targets = run.Smoke ? [] : [.. Targets(peers)],
            Pictures =
            [
                new Picture(PictureKind.OverTime, Figures.DeliveryP99, "Delivery p99 of the other receivers (ms)"),
                new Picture(PictureKind.OverTime, Figures.ServerMemory, "Server memory (MiB)"),
            ],
            Notes =
            [
                "A round has four parts of the same length: two calm ones, one in which the slow readers are "
                    + "stopped, and, after they have caught up, another calm one. Latencies are those of the "
                    + "receivers that never stop, from the time a message was due.",
                "A slow reader stops taking bytes; its HTTP/2 window is 64 KiB, so the rest waits in the server. "
                    + "The stall limit, 30 s by default, is raised (`CHAT_STALLLIMIT`), because the server resets "
                    + "streams whose clients take nothing for that long.",
                "Memory growth is the peak of the resident memory from the stop until the slow readers have caught "
                    + "up, minus that before.",
            ],
        };
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> peers) =>
    [
        .. Unaffected(peers),
        .. Judgement.AtMost("server memory ≤ +64 MiB", peers.Figure(Figures.ServerMemoryGrowth), MostMebibytes, "MiB"),
        .. Judgement.Arrived(peers, "slow readers catch up without a gap"),
    ];

    private static IEnumerable<Target> Unaffected(IReadOnlyList<PeerRounds> peers)
    {
        var complete = peers.SelectMany(rows => rows.Rounds).Where(round => round.Figures.ContainsKey(SlowReadersLoad.WhileStopped));
        if (Spread.Of(complete.Select(round => round.Figures[SlowReadersLoad.WhileStopped] / Permitted(round))) is { } ofPermitted)
        {
            yield return new Target(
                "p99 of the others within the spread of the calm parts, or within 25 %",
                $"{Numbers.Text(peers.Figure(SlowReadersLoad.WhileStopped))} ms, calm "
                    + $"{Numbers.Text(peers.Figure(SlowReadersLoad.CalmMedian))} ms; {Numbers.Times(ofPermitted)} "
                    + "the permitted value",
                ofPermitted.Median <= 1);
        }
    }

    private static double Permitted(RoundResult round) => Math.Max(
        round.Figures[SlowReadersLoad.CalmMost],
        round.Figures[SlowReadersLoad.CalmMedian] * MostOverCalm);
}
