using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>One sender that waits for each ack, and one receiver. The server runs before and goes on running.</summary>
/// <param name="server">Our service.</param>
/// <param name="stored">Messages in the room at the start.</param>
/// <param name="warmUp">The time before each measurement.</param>
/// <param name="length">The time of each measurement.</param>
internal sealed class InTurnLoad(IPeerServer server, long stored, TimeSpan warmUp, TimeSpan length)
{
    private long head = stored;

    public Task<RoundResult> RunAsync(CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        var traffic = new RoomTraffic(Senders: 1, InFlight: 1, Receivers: 1, warmUp, length);
        var seen = await traffic.RunAsync(server, inOrder: true, head, stop);
        head += seen.AckedInAll;
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [Figures.AckP50] = seen.Latencies.Percentile(50),
                [Figures.AckP99] = seen.Latencies.Percentile(99),
                [Figures.AckedPerSecond] = seen.Usage.PerSecond(seen.Acked),
                [Figures.ServerCpuPerSend] = seen.Usage.CpuPer(seen.Acked),
                [Figures.ServerMemory] = seen.Usage.Memory[^1].Value,
            },
            Failure = seen.Failure,
        };
    });
}
