using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>One sender that waits for each ack, and one receiver, with a server that runs already and goes on running.</summary>
internal sealed class InTurnLoad(IPeerServer server, long stored, TimeSpan warmUp, TimeSpan length)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(250);

    private long head = stored;

    public Task<RoundResult> RunAsync(CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        var latencies = new Latencies();
        await using var crowd = new Crowd();
        crowd.Add(
            await server.ConnectAsync(new ClientSetup("receiver") { Reads = true, After = head }),
            new Receiver(inOrder: true, head));
        var sender = crowd.AddSender(await server.ConnectAsync(new ClientSetup("sender")), most: 1, latencies);
        using var stopSending = new CancellationTokenSource();
        var sending = crowd.Watch(sender.KeepInFlightAsync(stopSending.Token));
        await crowd.PassAsync(warmUp, stop);

        using var measured = Measurement.Begin(server.Usage, SampleInterval);
        var before = crowd.Acked;
        latencies.Begin();
        await crowd.PassAsync(length, stop);
        var acked = crowd.Acked - before;
        await measured.EndAsync();
        latencies.End();

        await stopSending.CancelAsync();
        await crowd.PassAsync(sending, Deadline, stop);
        var failure = await crowd.ArriveAsync(crowd.Acked, Deadline, stop);
        head += crowd.Acked;
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [Figures.AckP50] = latencies.Percentile(50),
                [Figures.AckP99] = latencies.Percentile(99),
                [Figures.AckedPerSecond] = measured.PerSecond(acked),
                [Figures.ServerCpuPerSend] = measured.CpuPer(acked),
                [Figures.ServerMemory] = measured.Memory[^1].Value,
            },
            Failure = failure,
        };
    });
}
