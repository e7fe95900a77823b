using System.Diagnostics;
using GrpcChat.Bench.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// Clients that reconnect at the same moment, each on its own connection, after all of them have missed the same
/// messages of one room.
/// </summary>
internal sealed class StormLoad(int clients, int stored, int behind) : ILoad
{
    public const string AllCaughtUp = "all caught up after (s)";
    public const string HalfCaughtUp = "half caught up after (s)";
    public const string CaughtUp = "clients caught up";

    private const int PointsOfSeries = 100;
    private const int WarmUpShare = 20;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        OpenFiles.EnsureEnough(clients);
        await using var server = (GrpcPeerServer)await peer.StartAsync(new PeerSetup { Stored = stored });
        await using (var few = new Crowd())
        {
            await ReturnAsync(server, few, Math.Max(1, clients / WarmUpShare), stop);
        }

        await Task.Delay(Rest, stop);
        return await LoadAsync(server, stop);
    });

    private async Task<RoundResult> LoadAsync(GrpcPeerServer server, CancellationToken stop)
    {
        ResidentMemory.ResetPeak(server.ProcessId);
        using var measured = Measurement.Begin(server.Usage, SampleInterval);
        var began = Stopwatch.GetTimestamp();
        await using var crowd = new Crowd();
        var times = await ReturnAsync(server, crowd, clients, stop);
        var ordered = times.Select(at => Stopwatch.GetElapsedTime(began, at).TotalSeconds).Order().ToList();
        await measured.EndAsync(times.Max());
        var growth = (ResidentMemory.Peak(server.ProcessId) / Measurement.Mebibyte) - measured.MemoryBefore;

        // No client may receive more than it missed.
        await crowd.PassAsync(Rest, stop);
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [AllCaughtUp] = ordered[^1],
                [HalfCaughtUp] = ordered[ordered.Count / 2],
                [Figures.MessagesPerSecond] = measured.PerSecond((long)clients * behind),
                [Figures.ServerMemoryGrowth] = growth,
                [Figures.ServerCpu] = measured.ServerCpu,
                [Figures.GeneratorCpu] = measured.GeneratorCpu,
            },
            Series = new Dictionary<string, IReadOnlyList<Point>>
            {
                [CaughtUp] = Progress(ordered),
                [Figures.ServerMemory] = measured.Memory,
            },
            Failure = await crowd.ArriveAsync(behind, TimeSpan.Zero, stop),
        };
    }

    // Returns when each had everything it had missed. The receiver checks that nothing is left out.
    private async Task<long[]> ReturnAsync(GrpcPeerServer server, Crowd crowd, int count, CancellationToken stop)
    {
        var after = stored - behind;
        var caughtUp = new Task<long>[count];
        var connecting = Enumerable.Range(0, count).Select(number => Task.Run(async () =>
        {
            var client = await server.ConnectAsync(new ClientSetup($"client-{number}") { Reads = true, After = after });
            var receiver = new Receiver(inOrder: true, after);
            caughtUp[number] = receiver.ReachAsync(behind);
            lock (crowd)
            {
                crowd.Add(client, receiver);
            }
        })).ToList();
        await crowd.PassAsync(Task.WhenAll(connecting), Deadline, stop);
        await crowd.PassAsync(Task.WhenAll(caughtUp), Deadline, stop);
        return await Task.WhenAll(caughtUp);
    }

    private static List<Point> Progress(List<double> ordered)
    {
        var step = Math.Max(1, ordered.Count / PointsOfSeries);
        var each = ordered.Select((at, n) => new Point(at, n + 1));
        return [new Point(0, 0), .. each.Where(point => point.Value % step == 0 || point.Value == ordered.Count)];
    }
}
