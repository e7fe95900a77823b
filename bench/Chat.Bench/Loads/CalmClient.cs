using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>A client that sends 100 messages a second, and notices how long their acks take.</summary>
internal static class CalmClient
{
    private const int PerSecond = 100;
    private const int MostUnacked = 256;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(30);

    /// <summary>The latencies of acks, from when a send was due, while something else happens.</summary>
    /// <param name="server">Runs already.</param>
    /// <param name="meanwhile">Begins what happens.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<Latencies> MeasureAsync(IPeerServer server, Func<Task> meanwhile, CancellationToken stop)
    {
        var latencies = new Latencies();
        await using var crowd = new Crowd();
        await crowd.AddSendersAsync(server, 1, MostUnacked, latencies);
        await using var traffic = Traffic.Start(crowd, PerSecond);
        await crowd.PassAsync(WarmUp, stop);
        latencies.Begin();
        await crowd.PassAsync(meanwhile(), Deadline, stop);
        latencies.End();
        await traffic.StopAsync(TimeToEnd, stop);
        return latencies;
    }
}
