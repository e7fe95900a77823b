using System.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>Receivers of one room, each on its own connection, of which the slow ones can stop reading.</summary>
internal sealed class SlowReadersCrowd : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> clients = [];
    private readonly List<GrpcConnection> connections = [];
    private readonly List<PausingReader> readers = [];
    private readonly List<(PausingReader Reader, Receiver Receiver)> slow = [];
    private readonly List<Receiver> others = [];

    private SlowReadersCrowd(int parts) => Parts = [.. Enumerable.Range(0, parts).Select(_ => new Latencies())];

    public Crowd Crowd { get; } = new();

    /// <summary>Delivery latencies of the other receivers in each part of the round.</summary>
    public IReadOnlyList<Latencies> Parts { get; }

    /// <summary>Their delivery latencies in the whole round.</summary>
    public Latencies Whole { get; } = new();

    /// <summary>Returns when all have joined; they read until <paramref name="stopReading"/> is cancelled.</summary>
    public static async Task<SlowReadersCrowd> JoinAsync(
        GrpcPeerServer server, int others, int slow, int parts, CancellationToken stopReading)
    {
        var crowd = new SlowReadersCrowd(parts);
        try
        {
            // Alternating, so that neither group comes first in the server's lists.
            for (var n = 0; n < Math.Max(others, slow); n++)
            {
                if (n < others)
                {
                    await crowd.AddAsync(server, $"other-{n}", isSlow: false, stopReading);
                }

                if (n < slow)
                {
                    await crowd.AddAsync(server, $"slow-{n}", isSlow: true, stopReading);
                }
            }

            return crowd;
        }
        catch
        {
            await crowd.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the slow receivers stop reading.</summary>
    public Task PauseAsync() => Task.WhenAll(slow.Select(one => one.Reader.PauseAsync()));

    /// <summary>
    /// Makes them read again; returns the time until each has caught up with the others' position at the call.
    /// </summary>
    public async Task<TimeSpan> ResumeAsync(TimeSpan limit, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        var head = others.Max(receiver => receiver.LastId);
        slow.ForEach(one => one.Reader.Resume());
        while (slow.Exists(one => one.Receiver.LastId < head))
        {
            await Crowd.PassAsync(TimeSpan.FromMilliseconds(1), stop);
            if (Stopwatch.GetElapsedTime(began) > limit)
            {
                throw new InvalidDataException($"A slow reader did not catch up within {limit.TotalSeconds:N0} s.");
            }
        }

        return Stopwatch.GetElapsedTime(began);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
        connections.ForEach(connection => connection.Dispose());
        await Crowd.DisposeAsync();
        readers.ForEach(reader => reader.Dispose());
    }

    private async Task AddAsync(GrpcPeerServer server, string name, bool isSlow, CancellationToken stopReading)
    {
        var connection = new GrpcConnection(server.Address, isSlow ? GrpcConnection.SmallWindow : GrpcConnection.LargeWindow);
        connections.Add(connection);
        var client = await GrpcClient.ConnectAsync(connection, new ClientSetup(name) { Reads = true });
        clients.Add(client);
        var receiver = new Receiver(inOrder: true);
        var reader = new PausingReader(
            client,
            isSlow ? receiver : new TimedReceiver(receiver, [.. Parts, Whole]),
            stopReading);
        readers.Add(reader);
        if (isSlow)
        {
            slow.Add((reader, receiver));
        }
        else
        {
            others.Add(receiver);
        }

        Crowd.Receivers.Add(receiver);
        _ = Crowd.Watch(reader.ReadAsync());
    }
}

/// <summary>
/// A receiver whose latencies count in several measurements: the whole round, and the part in which each was due.
/// </summary>
internal sealed class TimedReceiver(Receiver receiver, IReadOnlyList<Latencies> parts) : IArrivals
{
    public void Message(long id, ReadOnlySpan<byte> text)
    {
        receiver.Message(id, text);
        var due = BenchText.TimestampOf(text);
        foreach (var part in parts)
        {
            part.Record(due);
        }
    }

    public void Ack(long number) => receiver.Ack(number);

    public bool CaughtUp() => receiver.CaughtUp();
}
