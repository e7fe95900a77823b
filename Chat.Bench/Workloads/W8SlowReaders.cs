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

    public string Id => "w8";

    public string Title => "Slow readers";

    public string Description =>
        $"{PerSecond} messages/s to 200 receivers on connections of their own, of which 100 stop reading for 30 s and then go on.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (others, slow) = run.Smoke ? (5, 5) : (100, 100);
        var part = run.Smoke ? TimeSpan.FromSeconds(2) : run.RoundLength ?? TimeSpan.FromSeconds(30);
        var warmUp = TimeSpan.FromSeconds(run.Smoke ? 1 : 5);
        var peers = await new Comparison(run).RunAsync(
            new SlowReadersLoad(others, slow, PerSecond, warmUp, part),
            [new GrpcChatPeer()],
            run.Smoke ? 1 : run.Rounds ?? UsualRounds);
        return run.RecordOf(this) with
        {
            Headline = SlowReadersLoad.WhileStopped,
            Peers = peers,
            Targets = [.. peers.SelectMany(Targets)],
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

    private static IEnumerable<Target> Targets(PeerRounds rows)
    {
        var whole = rows.Rounds.Where(round => round.Figures.ContainsKey(SlowReadersLoad.WhileStopped)).ToList();
        if (whole.Count == 0)
        {
            yield break;
        }

        var overCalm = Spread.Of(whole.Select(round => round.Figures[SlowReadersLoad.WhileStopped] / Allowed(round)))!.Value;
        var seen = Ratios.Figure(rows, SlowReadersLoad.WhileStopped);
        yield return new Target(
            "p99 of the others within the spread of the calm parts or 25 %",
            $"{Numbers.Text(seen)} ms, calm {Numbers.Text(Ratios.Figure(rows, SlowReadersLoad.CalmMedian))} ms; {Numbers.Times(overCalm)} what is allowed",
            overCalm.Median <= 1);

        var growth = Ratios.Figure(rows, Figures.ServerMemoryGrowth)!.Value;
        yield return new Target("server memory ≤ +64 MiB", $"{Numbers.Text(growth)} MiB", growth.Median <= MostMebibytes);

        var broken = rows.Rounds.Count(round => round.Failure is not null);
        yield return new Target(
            "the slow ones catch up without a gap",
            broken == 0 ? $"after {Numbers.Text(Ratios.Figure(rows, SlowReadersLoad.CatchUp))} s" : $"wrong in {broken} rounds",
            broken == 0);
    }

    private static double Allowed(RoundResult round) => Math.Max(
        round.Figures[SlowReadersLoad.CalmMost],
        round.Figures[SlowReadersLoad.CalmMedian] * MostOverCalm);
}
