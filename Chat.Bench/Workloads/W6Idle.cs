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

    public string Id => "w6";

    public string Title => "Idle streams";

    public string Description =>
        "10,000 streams, 100 on a connection, follow one of 1,000 rooms each and hear nothing; then one message goes to every room at once.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (streams, rooms) = run.Smoke ? (100, 10) : (10_000, 1_000);
        var quiet = run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(10);
        var load = new IdleLoad(streams, StreamsPerConnection, rooms, quiet);
        var peers = await new Comparison(run).RunAsync(
            load,
            [new GrpcChatPeer(), new LimitGrpcPeer()],
            run.Smoke ? 1 : run.Rounds ?? UsualRounds);
        return run.RecordOf(this) with
        {
            Headline = IdleLoad.MemoryPerStream,
            Peers = peers,
            Targets = [.. Targets(peers)],
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
        var ours = peers.FirstOrDefault(rows => rows.Peer == PeerRounds.Ours);
        var limit = peers.FirstOrDefault(rows => rows.Peer != PeerRounds.Ours);
        if (ours is null)
        {
            yield break;
        }

        if (limit is not null
            && Ratios.Figure(ours, IdleLoad.MemoryPerStream) is { } memory
            && Ratios.Figure(limit, IdleLoad.MemoryPerStream) is { } least)
        {
            yield return new Target(
                $"memory of an idle stream ≤ {limit.Peer}'s + {MostKibibytesOverLimit} KiB",
                $"{Numbers.Text(memory)} KiB, {limit.Peer} {Numbers.Text(least)} KiB",
                memory.Median <= least.Median + MostKibibytesOverLimit);
        }

        if (Ratios.Figure(ours, IdleLoad.LastArrival) is { } last)
        {
            yield return new Target(
                "one message to each room reaches all within 1 s",
                $"{Numbers.Text(last)} ms",
                last.Median <= MostMilliseconds && ours.Rounds.All(round => round.Failure is null));
        }
    }
}
