using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W3: how many deliveries per second one busy room achieves, and what each of them costs.</summary>
internal sealed class W3FanOut : IHeadlineWorkload
{
    private const int Receivers = 100;
    private const int MostRoundsWithFewer = 2;
    private static readonly int[] FewerReceivers = [8, 1];

    public string Id => "w3";

    public string Title => "Fan-out";

    public string Description =>
        "8 senders keep 64 sends each in flight in one room with 100 receivers; then with 8 receivers and with 1, "
            + "in fewer rounds.";

    public HeadlineLoad Headline(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 3);
        return new HeadlineLoad(Figures.DeliveriesPerSecond, Load(plan, Receivers), plan);
    }

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var (headline, load, plan) = Headline(run);
        var fewer = plan with { Rounds = Math.Min(plan.Rounds, MostRoundsWithFewer), Length = plan.Length / 2 };
        IReadOnlyList<IPeer> peers = [.. ComparedPeers.All, new LimitGrpcPeer()];
        RoundPlan.Announce(run, this, plan.Expected(peers.Count), FewerReceivers.Length * fewer.Expected(peers.Count));
        var comparison = new Comparison(run);
        var rows = await comparison.RunAsync(Turn.Of(load, peers, Setting(Receivers)), plan.Rounds);
        var rowsOfFewer = new List<PeerRounds>();
        foreach (var receivers in run.Smoke ? [] : FewerReceivers)
        {
            rowsOfFewer.AddRange(await comparison.RunAsync(Turn.Of(Load(fewer, receivers), peers, Setting(receivers)), fewer.Rounds));
        }

        return run.RecordOf(this) with
        {
            Headline = headline,
            Peers = [.. rows, .. rowsOfFewer],
            Targets = run.Smoke ? [] : [.. Targets(rows)],
            Pictures =
            [
                new(PictureKind.Lines, Figures.DeliveriesPerSecond, "Deliveries per second, by receivers")
                {
                    LogScale = true,
                    Settings = [.. FewerReceivers.Append(Receivers).Order().Select(Setting)],
                },
                new(PictureKind.Bars, Figures.ServerCpuPerDelivery, "Server CPU per delivery") { Settings = [Setting(Receivers)] },
            ],
            Notes =
            [
                "`limit-grpc` is the same gRPC server with nothing behind it: it stores no message and does not "
                    + "wait for a disk.",
            ],
        };
    }

    private static IngestLoad Load(RoundPlan plan, int receivers) =>
        new(senders: 8, inFlight: 64, receivers, plan.WarmUp, plan.Length);

    private static string Setting(int receivers) => receivers == 1 ? "1 receiver" : $"{receivers} receivers";

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> rows) =>
    [
        .. Judgement.TimesAtLeast("≥ 12 × tutorial-wal", rows.Ratio(Figures.DeliveriesPerSecond, ComparedPeers.TutorialWal), 12),
        .. Judgement.AtMost("server CPU ≤ 1 µs per delivery", rows.Figure(Figures.ServerCpuPerDelivery), 1, "µs"),
        .. Judgement.Arrived(rows),
    ];
}
