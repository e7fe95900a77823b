using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>
/// Sends at a fixed rate to receivers in one room: how long it takes, from the moment at which a message was to be sent
/// until each receiver has it.
/// </summary>
internal sealed class PacedLoad(int perSecond, int receivers, TimeSpan warmUp, TimeSpan length) : ILoad
{
    private const int Senders = 4;
    private const int MostUnacked = 256;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(100);

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        await using var server = await peer.StartAsync(new PeerSetup());
        return await LoadAsync(server, peer is GrpcChatPeer, stop);
    });

    private async Task<RoundResult> LoadAsync(IPeerServer server, bool inOrder, CancellationToken stop)
    {
        var latencies = new Latencies();
        var pacer = new Pacer(perSecond, Senders);
        await using var crowd = new Crowd();
        for (var n = 0; n < receivers; n++)
        {
            crowd.Add(
                await server.ConnectAsync(new ClientSetup($"receiver-{n}") { Reads = true }),
                new Receiver(inOrder, latencies: latencies));
        }

        var sending = new List<Task>();
        for (var n = 0; n < Senders; n++)
        {
            var client = await server.ConnectAsync(new ClientSetup($"sender-{n}"));
            sending.Add(crowd.Watch(crowd.AddSender(client, MostUnacked, latencies: null).PaceAsync(pacer.Due(n))));
        }

        using var stopSending = new CancellationTokenSource();
        var pacing = pacer.RunAsync(stopSending.Token);
        try
        {
            await crowd.PassAsync(warmUp, stop);
            using var measured = Measurement.Begin(server.Usage, SampleInterval);
            var (acked, delivered) = (crowd.Acked, crowd.Delivered);
            latencies.Begin();
            await crowd.PassAsync(length, stop);
            (acked, delivered) = (crowd.Acked - acked, crowd.Delivered - delivered);
            await measured.EndAsync();
            latencies.End();

            await stopSending.CancelAsync();
            var due = await pacing;
            await crowd.PassAsync(Task.WhenAll(sending), Deadline, stop);

            // First all has to arrive: what is late must be among the latencies.
            var failure = await crowd.ArriveAsync(due, Deadline, stop);
            return Result(measured, latencies, acked, delivered) with { Failure = failure };
        }
        finally
        {
            await stopSending.CancelAsync();
            await pacing;
        }
    }

    private static RoundResult Result(Measurement measured, Latencies latencies, long acked, long delivered) => new()
    {
        Figures = new Dictionary<string, double>
        {
            [Figures.DeliveryP50] = latencies.Percentile(50),
            [Figures.DeliveryP90] = latencies.Percentile(90),
            [Figures.DeliveryP99] = latencies.Percentile(99),
            [Figures.DeliveryP999] = latencies.Percentile(99.9),
            [Figures.DeliveryMax] = latencies.Max,
            [Figures.AckedPerSecond] = measured.PerSecond(acked),
            [Figures.DeliveriesPerSecond] = measured.PerSecond(delivered),
            [Figures.ServerCpu] = measured.ServerCpu,
            [Figures.ServerCpuPerDelivery] = measured.CpuPer(delivered),
            [Figures.GeneratorCpu] = measured.GeneratorCpu,
        },
        Series = new Dictionary<string, IReadOnlyList<Point>> { [Figures.DeliveryP99] = latencies.P99PerSecond },
    };
}
