using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// Sends at a fixed rate to receivers in one room. Latencies run from the time a send was due to each delivery.
/// </summary>
internal sealed class PacedLoad(int perSecond, int receivers, TimeSpan warmUp, TimeSpan length) : ILoad
{
    private const int Senders = 4;
    private const int MostUnacked = 256;

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        await using var server = await peer.StartAsync(new PeerSetup());
        var traffic = new RoomTraffic(Senders, MostUnacked, receivers, warmUp, length) { PerSecond = perSecond };
        var seen = await traffic.RunAsync(server, peer.PromisesOrder, after: null, stop);
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [Figures.DeliveryP50] = seen.Latencies.Percentile(50),
                [Figures.DeliveryP90] = seen.Latencies.Percentile(90),
                [Figures.DeliveryP99] = seen.Latencies.Percentile(99),
                [Figures.DeliveryP999] = seen.Latencies.Percentile(99.9),
                [Figures.DeliveryMax] = seen.Latencies.Max,
                [Figures.AckedPerSecond] = seen.Usage.PerSecond(seen.Acked),
                [Figures.DeliveriesPerSecond] = seen.Usage.PerSecond(seen.Delivered),
                [Figures.ServerCpu] = seen.Usage.ServerCpu,
                [Figures.ServerCpuPerDelivery] = seen.Usage.CpuPer(seen.Delivered),
                [Figures.GeneratorCpu] = seen.Usage.GeneratorCpu,
            },
            Series = new Dictionary<string, IReadOnlyList<Point>> { [Figures.DeliveryP99] = seen.Latencies.P99PerSecond },
            Failure = seen.Failure,
        };
    });
}
