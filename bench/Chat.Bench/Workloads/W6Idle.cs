using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W6: what a stream costs that only waits.</summary>
internal sealed class W6Idle : IWorkload
{
    private const int UsualRounds = 3;
    private const int StreamsPerConnection = 100;
    private const double MostKibibytesOverLimit = 3;
    private const double MostMilliseconds = 1000;
    private static readonly TimeSpan StartAndOpen = TimeSpan.FromSeconds(20);

    public string Id => "w6";

    public string Title => "Idle streams";

    public string Description =>
        "10,000 streams, 100 on a connection, follow one of 1,000 rooms each and hear nothing; then one message goes to every room at once.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (streams, rooms) = run.Smoke ? (100, 10) : (10_000, 1_000);
        var quiet = run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(10);
        var rounds = run.Smoke ? 1 : run.Rounds ?? UsualRounds;
        RoundPlan.Tell(run, this, 2 * rounds * (quiet + StartAndOpen));
        var load = new IdleLoad(streams, StreamsPerConnection, rooms, quiet);
        var peers = await new Comparison(run).RunAsync(
            load,
            [new GrpcChatPeer(), new LimitGrpcPeer()],
            rounds);
        return run.RecordOf(this) with
        {
            Headline = IdleLoad.MemoryPerStream,
            Peers = peers,
            Targets = run.Smoke ? [] : [.. Targets(peers)],
            Pictures = [new Picture(PictureKind.OverTime, Figures.ServerMemory, "Server memory while the streams are opened (MiB)")],
            Notes =
            [
                "Memory is what is resident (RSS) after a forced full blocking collection, less what was resident after one before "
                    + "the streams were opened, when a message had been sent to every room.",
                "The collector of both servers is the workstation's, concurrent, as the service runs by itself.",
            ],
        };
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> peers)
    {
        var limit = new LimitGrpcPeer().Name;
        if (peers.Figure(IdleLoad.MemoryPerStream) is { } memory
            && peers.Of(limit) is { } rows
            && Ratios.Figure(rows, IdleLoad.MemoryPerStream) is { } least)
        {
            yield return new Target(
                $"memory of an idle stream ≤ {limit}'s + {MostKibibytesOverLimit} KiB",
                $"{Numbers.Text(memory)} KiB, {limit} {Numbers.Text(least)} KiB",
                memory.Median <= least.Median + MostKibibytesOverLimit);
        }

        foreach (var target in Judgement.AtMost(
            "one message to each room reaches all within 1 s", peers.Figure(IdleLoad.LastArrival), MostMilliseconds, "ms"))
        {
            yield return target;
        }

        foreach (var target in Judgement.Arrived(peers))
        {
            yield return target;
        }
    }
}
