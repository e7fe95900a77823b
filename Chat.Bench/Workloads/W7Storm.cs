using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W7: everybody comes back at once.</summary>
internal sealed class W7Storm : IWorkload
{
    private const int UsualRounds = 5;
    private const int Behind = 100;
    private const double MostSeconds = 5;
    private const double MostMebibytes = 128;

    public string Id => "w7";

    public string Title => "Reconnect storm";

    public string Description =>
        "2,000 clients on connections of their own resume at once, each 100 messages behind, in one room of 10,000 messages.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (clients, stored) = run.Smoke ? (50, 1_000) : (2_000, 10_000);
        var peers = await new Comparison(run).RunAsync(
            new StormLoad(clients, stored, Behind),
            [new GrpcChatPeer()],
            run.Smoke ? 1 : run.Rounds ?? UsualRounds);
        return run.RecordOf(this) with
        {
            Headline = StormLoad.AllCaughtUp,
            Peers = peers,
            Targets = [.. peers.SelectMany(Targets)],
            Pictures =
            [
                new Picture(PictureKind.OverTime, StormLoad.CaughtUp, "Clients that have caught up"),
                new Picture(PictureKind.OverTime, Figures.ServerMemory, "Server memory during the storm (MiB)"),
            ],
            Notes =
            [
                "The time runs from the first connection attempt until the last client has its last missed message, and so contains "
                    + "the load generator's own making of the connections, on the same cores.",
                "Memory growth is the peak of the resident memory, as the system keeps it, over what was resident before.",
            ],
        };
    }

    private static IEnumerable<Target> Targets(PeerRounds rows)
    {
        if (Ratios.Figure(rows, StormLoad.AllCaughtUp) is { } time)
        {
            yield return new Target("all caught up within 5 s", $"{Numbers.Text(time)} s", time.Median <= MostSeconds);
        }

        if (Ratios.Figure(rows, Figures.ServerMemoryGrowth) is { } growth)
        {
            yield return new Target("server memory ≤ +128 MiB", $"{Numbers.Text(growth)} MiB", growth.Median <= MostMebibytes);
        }

        var broken = rows.Rounds.Count(round => round.Failure is not null);
        yield return new Target("nobody gets a gap", broken == 0 ? "nobody did" : $"wrong in {broken} rounds", broken == 0);
    }
}
