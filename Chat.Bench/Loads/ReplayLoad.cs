using System.Diagnostics;
using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>
/// One client resumes from 0 over messages that were stored before the server started. Shorter replays have compiled
/// the code and filled the pools by then.
/// </summary>
internal sealed class ReplayLoad(int messages) : ILoad
{
    // A full one would hide what a replay costs in memory: a server may keep what its first replay needed.
    private const int WarmUpShare = 10;
    private const int MostOfWarmUp = 30_000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <summary>Looks at the database when the server has stopped.</summary>
    public Action<string>? AfterStop { get; init; }

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        await using var server = await peer.StartAsync(new PeerSetup { Stored = messages });
        var inOrder = peer is GrpcChatPeer;
        var since = Stopwatch.StartNew();
        do
        {
            await ReplayAsync(server, inOrder, messages - Math.Min(messages / WarmUpShare, MostOfWarmUp), _ => { }, stop);
        }
        while (since.Elapsed < WarmUp);
        await Task.Delay(Rest, stop);

        using var measured = Measurement.Begin(server.Usage, SampleInterval);
        var ended = 0L;
        await ReplayAsync(server, inOrder, 0, at => ended = at, stop);
        await measured.EndAsync(ended);
        if (AfterStop is not null && server.Database is { } database)
        {
            await server.StopAsync();
            AfterStop(database);
        }

        return Result(measured);
    });

    private async Task ReplayAsync(IPeerServer server, bool inOrder, long after, Action<long> ended, CancellationToken stop)
    {
        await using var crowd = new Crowd();
        var receiver = new Receiver(inOrder, after);
        var all = receiver.ReachAsync(messages - after);
        crowd.Add(await server.ConnectAsync(new ClientSetup("resumer") { Reads = true, After = after }), receiver);
        await crowd.PassAsync(all, Deadline, stop);
        ended(await all);
    }

    private RoundResult Result(Measurement measured) => new()
    {
        Figures = new Dictionary<string, double>
        {
            [Figures.MessagesPerSecond] = measured.PerSecond(messages),
            [Figures.ServerMemoryGrowth] = measured.Memory.Max(point => point.Value) - measured.MemoryBefore,
            [Figures.ServerMemory] = measured.Memory.Max(point => point.Value),
            [Figures.ServerCpuPerMessage] = measured.CpuPer(messages),
            [Figures.ServerCpu] = measured.ServerCpu,
            [Figures.GeneratorCpu] = measured.GeneratorCpu,
        },
        Series = new Dictionary<string, IReadOnlyList<Point>> { [Figures.ServerMemory] = measured.Memory },
    };
}
