using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W8: some stop reading, and nobody else should notice.</summary>
internal sealed class W8SlowReaders : IWorkload
{
    private const int UsualRounds = 3;
    private const int PerSecond = 100;
    private const double MostOverCalm = 1.25;
    private const double MostMebibytes = 64;
    private static readonly TimeSpan StartAndStop = TimeSpan.FromSeconds(3);

    public string Id => "w8";

    public string Title => "Slow readers";

    public string Description =>
        $"{PerSecond} messages/s to 200 receivers on connections of their own, of which 100 stop reading for 30 s and then go on.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (others, slow) = run.Smoke ? (5, 5) : (100, 100);
        var part = run.Smoke ? TimeSpan.FromSeconds(2) : run.RoundLength ?? TimeSpan.FromSeconds(30);
        var warmUp = TimeSpan.FromSeconds(run.Smoke ? 1 : 5);
        var rounds = run.Smoke ? 1 : run.Rounds ?? UsualRounds;
        RoundPlan.Tell(run, this, rounds * ((4 * part) + warmUp + StartAndStop));
        var peers = await new Comparison(run).RunAsync(
            new SlowReadersLoad(others, slow, PerSecond, warmUp, part),
            [new GrpcChatPeer()],
            rounds);
        return run.RecordOf(this) with
        {
            Headline = SlowReadersLoad.WhileStopped,
            Peers = peers,
            Targets = run.Smoke ? [] : [.. Targets(peers)],
            Pictures =
            [
                new Picture(PictureKind.OverTime, Figures.DeliveryP99, "Delivery p99 of those that read (ms)"),
                new Picture(PictureKind.OverTime, Figures.ServerMemory, "Server memory (MiB)"),
            ],
            Notes =
            [
                "A round has four parts of the same length, two calm ones, the one in which the slow ones stand still, and when they have "
                    + "caught up a calm one; latencies are those of the receivers that never stop, from the time at which a message was to be sent.",
                "A slow reader stops taking bytes, with an HTTP/2 window of 64 KiB, so that the rest waits in the server. The stall limit, "
                    + "30 s by itself, is raised (`CHAT_STALLLIMIT`), because a stream is reset there whose client takes nothing for so long.",
                "Memory growth is the peak of the resident memory from the stop until the slow ones have caught up, over what was resident before.",
            ],
        };
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> peers) =>
    [
        .. Unnoticed(peers),
        .. Judgement.AtMost("server memory ≤ +64 MiB", peers.Figure(Figures.ServerMemoryGrowth), MostMebibytes, "MiB"),
        .. Judgement.Arrived(peers, "the slow ones catch up without a gap"),
    ];

    private static IEnumerable<Target> Unnoticed(IReadOnlyList<PeerRounds> peers)
    {
        var whole = peers.SelectMany(rows => rows.Rounds).Where(round => round.Figures.ContainsKey(SlowReadersLoad.WhileStopped));
        if (Spread.Of(whole.Select(round => round.Figures[SlowReadersLoad.WhileStopped] / Allowed(round))) is { } ofAllowed)
        {
            yield return new Target(
                "p99 of the others within the spread of the calm parts or 25 %",
                $"{Numbers.Text(peers.Figure(SlowReadersLoad.WhileStopped))} ms, calm {Numbers.Text(peers.Figure(SlowReadersLoad.CalmMedian))} ms; "
                    + $"{Numbers.Times(ofAllowed)} what is allowed",
                ofAllowed.Median <= 1);
        }
    }

    private static double Allowed(RoundResult round) => Math.Max(
        round.Figures[SlowReadersLoad.CalmMost],
        round.Figures[SlowReadersLoad.CalmMedian] * MostOverCalm);
}
