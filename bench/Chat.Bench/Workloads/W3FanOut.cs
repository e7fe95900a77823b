using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W3: how many deliveries a second one busy room gets, and what each costs.</summary>
internal sealed class W3FanOut : IWorkload
{
    private const int Receivers = 100;
    private const int MostRoundsOfSweep = 2;
    private static readonly int[] FewerReceivers = [8, 1];

    public string Id => "w3";

    public string Title => "Fan-out";

    public string Description =>
        "8 senders keep 64 sends each in flight in one room, which 100 receivers follow; then 8 receivers, and 1, in fewer rounds.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 3);
        var sweep = plan with { Rounds = Math.Min(plan.Rounds, MostRoundsOfSweep), Length = plan.Length / 2 };
        IReadOnlyList<IPeer> peers = [.. ComparedPeers.All, new LimitGrpcPeer()];
        RoundPlan.Tell(run, this, plan.Expected(peers.Count), FewerReceivers.Length * sweep.Expected(peers.Count));
        var rows = await MeasureAsync(run, plan, peers, Receivers);
        var fewer = new List<PeerRounds>();
        foreach (var receivers in run.Smoke ? [] : FewerReceivers)
        {
            fewer.AddRange(await MeasureAsync(run, sweep, peers, receivers));
        }

        return run.RecordOf(this) with
        {
            Headline = Figures.DeliveriesPerSecond,
            Peers = [.. rows, .. fewer],
            Targets = run.Smoke ? [] : [.. Targets(rows)],
            Pictures =
            [
                new(PictureKind.Lines, Figures.DeliveriesPerSecond, "Deliveries per second, by receivers")
                {
                    LogScale = true,
                    Settings = [.. FewerReceivers.Append(Receivers).Order().Select(Setting)],
                },
                new(PictureKind.Bars, Figures.ServerCpuPerDelivery, "What one delivery costs the server") { Settings = [Setting(Receivers)] },
            ],
            Notes = ["`limit-grpc` is the same gRPC server with nothing behind it: it keeps no message and waits for no disk."],
        };
    }

    private static Task<IReadOnlyList<PeerRounds>> MeasureAsync(
        WorkloadRun run, RoundPlan plan, IReadOnlyList<IPeer> peers, int receivers) =>
        new Comparison(run).RunAsync(
            new IngestLoad(senders: 8, inFlight: 64, receivers, plan.WarmUp, plan.Length), peers, plan.Rounds, Setting(receivers));

    private static string Setting(int receivers) => receivers == 1 ? "1 receiver" : $"{receivers} receivers";

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> rows) =>
    [
        .. Judgement.TimesAtLeast("≥ 12 × tutorial-wal", rows.Ratio(Figures.DeliveriesPerSecond, ComparedPeers.TutorialWal), 12),
        .. Judgement.AtMost("server CPU ≤ 1 µs per delivery", rows.Figure(Figures.ServerCpuPerDelivery), 1, "µs"),
        .. Judgement.Arrived(rows),
    ];
}
