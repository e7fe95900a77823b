using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>Durable sends spread over many rooms without receivers.</summary>
internal sealed class ManyRoomsLoad(int rooms, int stored, int senders, int inFlight, TimeSpan warmUp, TimeSpan length) : ILoad
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(250);

    private readonly List<string> names = [.. Enumerable.Range(0, rooms).Select(RoomSenders.Room)];

    /// <summary>How many senders use the same rooms. On several nodes they are connected to different ones.</summary>
    public int SendersPerRoom { get; init; } = 1;

    /// <summary>Gets the server when it has stopped.</summary>
    public Action<IGrpcServer>? AfterStop { get; init; }

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        await using var server = (IGrpcServer)await peer.StartAsync(new PeerSetup { Stored = stored, Rooms = names });
        var (result, acked) = await LoadAsync(server, stop);
        await server.StopAsync();
        AfterStop?.Invoke(server);
        return result with { Failure = FindMismatch(server.CountStored(), stored + acked) };
    });

    private async Task<(RoundResult Result, long Acked)> LoadAsync(IGrpcServer server, CancellationToken stop)
    {
        var connections = new List<GrpcConnection>();
        var crowd = new List<ManyRoomsSender>();
        using var stopSending = new CancellationTokenSource();
        try
        {
            for (var n = 0; n < senders; n++)
            {
                connections.Add(new GrpcConnection(server.AddressOf(n)));
                var stream = await GrpcStream.OpenAsync(
                    connections[n], GrpcClient.Path, [("room", "-"), ("user", $"sender-{n}")], stop);
                crowd.Add(new ManyRoomsSender(stream, RoomsOf(n), inFlight));
            }

            var sending = Task.WhenAll(crowd.Select(sender => Task.Run(() => sender.RunAsync(stopSending.Token), stop)));
            await Task.WhenAny(sending, Task.Delay(warmUp, stop));
            using var measured = Measurement.Begin(server.Usage, SampleInterval);
            var (before, written) = (crowd.Sum(sender => sender.Acked), server.Usage.Written);
            await Task.WhenAny(sending, Task.Delay(length, stop));
            var acked = crowd.Sum(sender => sender.Acked) - before;
            written = server.Usage.Written - written;
            await measured.EndAsync();
            await stopSending.CancelAsync();
            await sending.WaitAsync(Deadline, stop);
            return (Result(measured, acked, written), crowd.Sum(sender => sender.Acked));
        }
        finally
        {
            await stopSending.CancelAsync();
            connections.ForEach(connection => connection.Dispose());
        }
    }

    // With few rooms every sender uses all of them; otherwise the rooms are divided among the senders.
    private List<string> RoomsOf(int sender) =>
        rooms < senders ? names : [.. names.Where((_, number) => number % (senders / SendersPerRoom) == sender / SendersPerRoom)];

    private static RoundResult Result(Measurement measured, long acked, long written) => new()
    {
        Figures = new Dictionary<string, double>
        {
            [Figures.ServerCpuPerSend] = measured.CpuPer(acked),
            [Figures.WrittenPerSend] = written / 1024.0 / acked,
            [Figures.AckedPerSecond] = measured.PerSecond(acked),
            [Figures.ServerCpu] = measured.ServerCpu,
            [Figures.GeneratorCpu] = measured.GeneratorCpu,
        },
        Series = new Dictionary<string, IReadOnlyList<Point>> { [Figures.ServerMemory] = measured.Memory },
    };

    // Every acked message is stored exactly once, and the ids of each room have no hole.
    private static string? FindMismatch(StoredCounts found, long messages) =>
        found == new StoredCounts(messages, messages, messages)
            ? null
            : $"{messages} messages were stored before or acked, but the database holds {found.Messages} messages and "
              + $"{found.ClientOffsets} client offsets, and the rooms' heads add up to {found.Heads}";
}
