using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>Senders that keep sends in flight, and receivers that follow, in one room.</summary>
internal sealed class IngestLoad(int senders, int inFlight, int receivers, TimeSpan warmUp, TimeSpan length) : ILoad
{
    /// <summary>Gets the server when it has stopped.</summary>
    public Action<IPeerServer>? AfterStop { get; init; }

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        await using var server = await peer.StartAsync(new PeerSetup());
        var traffic = new RoomTraffic(senders, inFlight, receivers, warmUp, length);
        var seen = await traffic.RunAsync(server, peer.PromisesOrder, after: null, stop);
        if (AfterStop is not null)
        {
            await server.StopAsync();
            AfterStop(server);
        }

        return Result(seen, peer.PromisesOrder);
    });

    private static RoundResult Result(MeasuredTraffic seen, bool inOrder)
    {
        var figures = new Dictionary<string, double>
        {
            [Figures.AckedPerSecond] = seen.Usage.PerSecond(seen.Acked),
            [Figures.DeliveriesPerSecond] = seen.Usage.PerSecond(seen.Delivered),
            [Figures.AckP50] = seen.Latencies.Percentile(50),
            [Figures.AckP90] = seen.Latencies.Percentile(90),
            [Figures.AckP99] = seen.Latencies.Percentile(99),
            [Figures.ServerCpu] = seen.Usage.ServerCpu,
            [Figures.ServerCpuPerSend] = seen.Usage.CpuPer(seen.Acked),
            [Figures.ServerCpuPerDelivery] = seen.Usage.CpuPer(seen.Delivered),
            [Figures.ServerMemory] = seen.Usage.Memory[^1].Value,
            [Figures.GeneratorCpu] = seen.Usage.GeneratorCpu,
        };
        if (!inOrder)
        {
            figures[Figures.OutOfOrder] = seen.OutOfOrder;
        }

        return new RoundResult
        {
            Figures = figures,
            Series = new Dictionary<string, IReadOnlyList<Point>>
            {
                [Figures.ServerMemory] = seen.Usage.Memory,
                [Figures.AckP99] = seen.Latencies.P99PerSecond,
            },
            Failure = seen.Failure,
        };
    }
}
