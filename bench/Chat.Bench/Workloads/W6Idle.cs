using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W6: the cost of a stream that only waits.</summary>
internal sealed class W6Idle : IWorkload
{
    private const int DefaultRounds = 3;
    private const int StreamsPerConnection = 100;
    private const double MostKibibytesOverLimit = 3;
    private const double MostMilliseconds = 1000;
    private static readonly TimeSpan StartAndOpen = TimeSpan.FromSeconds(20);

    public string Id => "w6";

    public string Title => "Idle streams";

    public string Description =>
        "10,000 streams, 100 per connection, each follow one of 1,000 rooms in which nothing happens; then every "
            + "room gets one message at the same time.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (streams, rooms) = run.Smoke ? (100, 10) : (10_000, 1_000);
        var quiet = run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(10);
        var rounds = run.Smoke ? 1 : run.Rounds ?? DefaultRounds;
        RoundPlan.Announce(run, this, 2 * rounds * (quiet + StartAndOpen));
        var load = new IdleLoad(streams, StreamsPerConnection, rooms, quiet);
        var peers = await new Comparison(run).RunAsync(Turn.Of(load, [new GrpcChatPeer(), new LimitGrpcPeer()]), rounds);
        return run.RecordOf(this) with
        {
            Headline = IdleLoad.MemoryPerStream,
            Peers = peers,
            Targets = run.Smoke ? [] : [.. Targets(peers)],
            Pictures = [new Picture(PictureKind.OverTime, Figures.ServerMemory, "Server memory while the streams are opened (MiB)")],
            Notes =
            [
                "Memory is the resident memory (RSS) after a forced full blocking garbage collection, minus that "
                    + "after such a collection before the streams were opened, when every room already had one "
                    + "message.",
                "Both servers use the workstation garbage collector, concurrent, which is the default of the service.",
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

        IEnumerable<Target> others =
        [
            .. Judgement.AtMost(
                "one message to each room arrives everywhere within 1 s", peers.Figure(IdleLoad.LastArrival), MostMilliseconds, "ms"),
            .. Judgement.Arrived(peers),
        ];
        foreach (var target in others)
        {
            yield return target;
        }
    }
}
