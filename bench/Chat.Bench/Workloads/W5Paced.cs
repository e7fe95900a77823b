using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W5: delivery latency to 200 receivers when the server is not at its limit.</summary>
internal sealed class W5Paced : IWorkload
{
    private const int Slow = 100;
    private const int Fast = 500;
    private const double MostP99 = 20;

    public string Id => "w5";

    public string Title => "Paced delivery";

    public string Description =>
        "100 messages per second to 200 receivers in one room; then 500 per second, for our service and a bare gRPC "
            + "server only. Latencies run from the time a message was due to each delivery.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var receivers = run.Smoke ? 20 : 200;
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 4);
        RoundPlan.Announce(run, this, plan.Expected(ComparedPeers.All.Count + 3));
        var comparison = new Comparison(run);
        var slow = await MeasureAsync(Slow, [.. ComparedPeers.All, new LimitGrpcPeer()]);
        var fast = await MeasureAsync(Fast, [new GrpcChatPeer(), new LimitGrpcPeer()]);
        return run.RecordOf(this) with
        {
            Headline = Figures.DeliveryP99,
            Peers = [.. slow, .. fast],
            Targets = run.Smoke ? [] : [.. Targets(slow, fast)],
            Pictures =
            [
                new(PictureKind.Bars, Figures.DeliveryP50, "Delivery latency at 100 messages/s, p50") { Settings = [Setting(Slow)] },
                new(PictureKind.Bars, Figures.DeliveryP99, "Delivery latency at 100 messages/s, p99") { Settings = [Setting(Slow)] },
                new(PictureKind.OverTime, Figures.DeliveryP99, "Delivery latency at 100 messages/s over time, p99")
                {
                    Settings = [Setting(Slow)],
                },
            ],
        };

        Task<IReadOnlyList<PeerRounds>> MeasureAsync(int perSecond, IEnumerable<IPeer> peers) => comparison.RunAsync(
            Turn.Of(new PacedLoad(perSecond, receivers, plan.WarmUp, plan.Length), peers, Setting(perSecond)), plan.Rounds);
    }

    private static string Setting(int perSecond) => $"{perSecond} messages/s to 200 receivers";

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> slow, IReadOnlyList<PeerRounds> fast) =>
    [
        .. Below(slow, ComparedPeers.TutorialWal),
        .. Below(slow, ComparedPeers.SignalR),
        .. Judgement.AtMost("p99 ≤ 20 ms at 500 messages/s", fast.Figure(Figures.DeliveryP99), MostP99, "ms"),
        .. Judgement.Arrived([.. slow, .. fast]),
    ];

    private static IEnumerable<Target> Below(IReadOnlyList<PeerRounds> rows, string other) => Judgement.Below(
        $"p50 and p99 below {other}'s at 100 messages/s",
        ("p50", rows.Ratio(Figures.DeliveryP50, other)),
        ("p99", rows.Ratio(Figures.DeliveryP99, other)));
}
