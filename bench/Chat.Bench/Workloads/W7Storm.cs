using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W7: all clients reconnect at once.</summary>
internal sealed class W7Storm : IWorkload
{
    private const int DefaultRounds = 5;
    private const int Behind = 100;
    private const double MostSeconds = 5;
    private const double MostMebibytes = 128;
    private static readonly TimeSpan StartAndStorm = TimeSpan.FromSeconds(12);

    public string Id => "w7";

    public string Title => "Reconnect storm";

    public string Description =>
        "2,000 clients resume at the same time, each on its own connection and 100 messages behind, in one room of "
            + "10,000 messages.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (clients, stored) = run.Smoke ? (50, 1_000) : (2_000, 10_000);
        var rounds = run.Smoke ? 1 : run.Rounds ?? DefaultRounds;
        RoundPlan.Announce(run, this, rounds * StartAndStorm);
        var peers = await new Comparison(run).RunAsync(Turn.Of(new StormLoad(clients, stored, Behind), [new GrpcChatPeer()]), rounds);
        return run.RecordOf(this) with
        {
            Headline = StormLoad.AllCaughtUp,
            Peers = peers,
            Targets = run.Smoke ? [] : [.. Targets(peers)],
            Pictures =
            [
                new Picture(PictureKind.OverTime, StormLoad.CaughtUp, "Clients that have caught up"),
                new Picture(PictureKind.OverTime, Figures.ServerMemory, "Server memory during the storm (MiB)"),
            ],
            Notes =
            [
                "The time runs from the first connection attempt to the last missed message of the last client. It "
                    + "includes the load generator's work for the connections, on the same cores.",
                "Memory growth is the peak of the resident memory, as recorded by the system, minus the resident "
                    + "memory before.",
            ],
        };
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> peers) =>
    [
        .. Judgement.AtMost("all caught up within 5 s", peers.Figure(StormLoad.AllCaughtUp), MostSeconds, "s"),
        .. Judgement.AtMost("server memory ≤ +128 MiB", peers.Figure(Figures.ServerMemoryGrowth), MostMebibytes, "MiB"),
        .. Judgement.Arrived(peers, "every client gets what it missed, without a gap"),
    ];
}
