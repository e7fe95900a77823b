using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W5: how long a message takes to 200 receivers when the server is not loaded to its limit.</summary>
internal sealed class W5Paced : IWorkload
{
    private const int Slow = 100;
    private const int Fast = 500;
    private const double MostP99 = 20;

    public string Id => "w5";

    public string Title => "Paced delivery";

    public string Description =>
        "100 messages a second to 200 receivers in one room, then 500 to those of our service and of a bare gRPC server; from the moment at which a message was "
        + "to be sent until each receiver has it.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var receivers = run.Smoke ? 20 : 200;
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 4);
        RoundPlan.Tell(run, this, plan.Expected(ComparedPeers.All.Count + 3));
        var comparison = new Comparison(run);
        var slow = await comparison.RunAsync(
            new PacedLoad(Slow, receivers, plan.WarmUp, plan.Length), [.. ComparedPeers.All, new LimitGrpcPeer()], plan.Rounds, Setting(Slow));
        var fast = await comparison.RunAsync(
            new PacedLoad(Fast, receivers, plan.WarmUp, plan.Length), [new GrpcChatPeer(), new LimitGrpcPeer()], plan.Rounds, Setting(Fast));
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
