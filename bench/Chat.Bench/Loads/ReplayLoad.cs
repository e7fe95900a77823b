using System.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// One client resumes from 0 over messages that were stored before the server started. Shorter replays come first: they
/// compile the code and fill the pools, and are repeated until they stop getting faster.
/// </summary>
internal sealed class ReplayLoad(int messages) : ILoad
{
    // A full one would hide the memory of a replay: a server may keep what its first replay needed.
    private const int WarmUpShare = 10;
    private const int MostOfWarmUp = 30_000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LeastWarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan MostWarmUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        await using var server = await peer.StartAsync(new PeerSetup { Stored = messages });
        var inOrder = peer.PromisesOrder;
        await WarmUpAsync(server, inOrder, stop);
        await Task.Delay(Rest, stop);

        using var measured = Measurement.Begin(server.Usage, SampleInterval);
        var ended = await ReplayAsync(server, inOrder, after: 0, stop);
        await measured.EndAsync(ended);
        return Result(measured);
    });

    private async Task WarmUpAsync(IPeerServer server, bool inOrder, CancellationToken stop)
    {
        const double Faster = 0.95;
        var (since, best, fasterAt) = (Stopwatch.StartNew(), MostWarmUp * 10, TimeSpan.Zero);
        while (since.Elapsed < LeastWarmUp || (since.Elapsed < fasterAt * 2 && since.Elapsed < MostWarmUp))
        {
            var began = Stopwatch.GetTimestamp();
            var ended = await ReplayAsync(server, inOrder, messages - Math.Min(messages / WarmUpShare, MostOfWarmUp), stop);
            var took = Stopwatch.GetElapsedTime(began, ended);
            if (took < best * Faster)
            {
                (best, fasterAt) = (took, since.Elapsed);
            }
        }
    }

    /// <summary>Returns the stopwatch timestamp at which the last message arrived.</summary>
    private async Task<long> ReplayAsync(IPeerServer server, bool inOrder, long after, CancellationToken stop)
    {
        await using var crowd = new Crowd();
        var receiver = new Receiver(inOrder, after);
        var all = receiver.ReachAsync(messages - after);
        crowd.Add(await server.ConnectAsync(new ClientSetup("resumer") { Reads = true, After = after }), receiver);
        await crowd.PassAsync(all, Deadline, stop);
        return await all;
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
