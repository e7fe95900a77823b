using System.Diagnostics;
using GrpcChat.Bench.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// The cost of streams that follow a room in which nothing happens. Then every room gets one message at the same time,
/// so that every stream has something to deliver.
/// </summary>
internal sealed class IdleLoad(int streams, int streamsPerConnection, int rooms, TimeSpan quiet) : ILoad
{
    public const string MemoryPerStream = "server memory per idle stream (KiB)";
    public const string HeapPerStream = "managed heap per idle stream (KiB)";
    public const string CpuWhileIdle = "server CPU while all are idle (cores)";
    public const string LastArrival = "one message to each room: last arrival after (ms)";
    public const string OpenedPerSecond = "streams opened/s";

    private const double Kibibyte = 1024;
    private const int OpenedAtOnce = 4;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(250);

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        // All peers use the garbage collector mode of the service.
        var setup = new PeerSetup { Environment = new Dictionary<string, string> { ["DOTNET_gcServer"] = "0" } };
        await using var server = (GrpcPeerServer)await peer.StartAsync(setup);

        // The first message creates its room, and warms up the code that is measured.
        await using (var first = new RoomSenders())
        {
            await first.OpenAsync(server.Address, rooms, streamsPerConnection, stop);
            await first.SendAsync(Deadline, stop);
        }

        return await LoadAsync(server, stop);
    });

    private async Task<RoundResult> LoadAsync(GrpcPeerServer server, CancellationToken stop)
    {
        var (heapBefore, before) = await SettledMemory.OfAsync(server.ProcessId, stop);
        var latencies = new Latencies();
        await using var readers = new SharedConnections(server.Address, streamsPerConnection);
        await using var crowd = new Crowd();
        var arrivals = new List<Task<long>>();
        using var opening = Measurement.Begin(server.Usage, SampleInterval);
        await readers.OpenAsync(streams, OpenedAtOnce, Reader, (client, _) => Follow(client), stop);
        await opening.EndAsync();

        using var idle = Measurement.Begin(server.Usage, SampleInterval);
        await crowd.PassAsync(quiet, stop);
        await idle.EndAsync();
        var (heap, resident) = await SettledMemory.OfAsync(server.ProcessId, stop);

        await using var senders = new RoomSenders();
        await senders.OpenAsync(server.Address, rooms, streamsPerConnection, stop);
        latencies.Begin();
        var sentAt = await senders.SendAsync(Deadline, stop);
        var all = Task.WhenAll(arrivals);
        await crowd.PassAsync(Task.WhenAny(all, Task.Delay(Deadline, stop)), Timeout.InfiniteTimeSpan, stop);
        var failure = await crowd.ArriveAsync(1, TimeSpan.Zero, stop);
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [MemoryPerStream] = (resident - before) / Kibibyte / streams,
                [HeapPerStream] = (heap - heapBefore) / Kibibyte / streams,
                [CpuWhileIdle] = idle.ServerCpu,
                [LastArrival] = failure is null ? Milliseconds(sentAt, all.Result.Max()) : double.NaN,
                [Figures.DeliveryP50] = latencies.Percentile(50),
                [Figures.DeliveryP99] = latencies.Percentile(99),
                [OpenedPerSecond] = opening.PerSecond(streams),
                [Figures.ServerMemory] = resident / Measurement.Mebibyte,
            },
            Series = new Dictionary<string, IReadOnlyList<Point>> { [Figures.ServerMemory] = opening.Memory },
            Failure = failure,
        };

        ClientSetup Reader(int n) => new($"reader-{n}") { Room = RoomSenders.Room(n % rooms), Reads = true };

        void Follow(GrpcClient client)
        {
            var receiver = new Receiver(inOrder: true, after: 1, latencies);
            arrivals.Add(receiver.ReachAsync(1));
            crowd.Add(client, receiver);
        }
    }

    private static double Milliseconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;
}
