using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>Senders that keep sends in flight and receivers that follow, in one room.</summary>
internal sealed class IngestLoad(int senders, int inFlight, int receivers, TimeSpan warmUp, TimeSpan length) : ILoad
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Looks at the database when the server has stopped.</summary>
    public Action<string>? AfterStop { get; init; }

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        await using var server = await peer.StartAsync(new PeerSetup());
        var result = await LoadAsync(server, peer is GrpcChatPeer, stop);
        if (AfterStop is not null && server.Database is { } database)
        {
            await server.StopAsync();
            AfterStop(database);
        }

        return result;
    });

    private async Task<RoundResult> LoadAsync(IPeerServer server, bool inOrder, CancellationToken stop)
    {
        var latencies = new Latencies();
        await using var crowd = new Crowd();
        for (var n = 0; n < receivers; n++)
        {
            crowd.Add(await server.ConnectAsync(new ClientSetup($"receiver-{n}") { Reads = true }), new Receiver(inOrder));
        }

        for (var n = 0; n < senders; n++)
        {
            crowd.AddSender(await server.ConnectAsync(new ClientSetup($"sender-{n}")), inFlight, latencies);
        }

        using var stopSending = new CancellationTokenSource();
        var sending = crowd.Senders.ConvertAll(sender => crowd.Watch(sender.KeepInFlightAsync(stopSending.Token)));
        await crowd.PassAsync(warmUp, stop);

        using var measured = Measurement.Begin(server.Usage, SampleInterval);
        var (acked, delivered) = (crowd.Acked, crowd.Delivered);
        latencies.Begin();
        await crowd.PassAsync(length, stop);
        (acked, delivered) = (crowd.Acked - acked, crowd.Delivered - delivered);
        await measured.EndAsync();
        latencies.End();

        await stopSending.CancelAsync();
        await crowd.PassAsync(Task.WhenAll(sending), Deadline, stop);
        var failure = await crowd.ArriveAsync(crowd.Acked, Deadline, stop);
        return Result(crowd, measured, latencies, acked, delivered, inOrder) with { Failure = failure };
    }

    private static RoundResult Result(
        Crowd crowd, Measurement measured, Latencies latencies, long acked, long delivered, bool inOrder)
    {
        var figures = new Dictionary<string, double>
        {
            [Figures.AckedPerSecond] = measured.PerSecond(acked),
            [Figures.DeliveriesPerSecond] = measured.PerSecond(delivered),
            [Figures.AckP50] = latencies.Percentile(50),
            [Figures.AckP90] = latencies.Percentile(90),
            [Figures.AckP99] = latencies.Percentile(99),
            [Figures.ServerCpu] = measured.ServerCpu,
            [Figures.ServerCpuPerSend] = measured.CpuPer(acked),
            [Figures.ServerCpuPerDelivery] = measured.CpuPer(delivered),
            [Figures.ServerMemory] = measured.Memory[^1].Value,
            [Figures.GeneratorCpu] = measured.GeneratorCpu,
        };
        if (!inOrder)
        {
            figures[Figures.OutOfOrder] = crowd.Receivers.Sum(receiver => receiver.OutOfOrder);
        }

        return new RoundResult
        {
            Figures = figures,
            Series = new Dictionary<string, IReadOnlyList<Point>>
            {
                [Figures.ServerMemory] = measured.Memory,
                [Figures.AckP99] = latencies.P99PerSecond,
            },
        };
    }
}
