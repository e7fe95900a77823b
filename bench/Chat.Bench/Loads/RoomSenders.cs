using System.Diagnostics;
using System.Threading.Channels;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>A sender for each of many rooms, on a few connections; each sends one message.</summary>
internal sealed class RoomSenders : IAsyncDisposable
{
    private const int OpenedAtOnce = 2;

    private readonly Crowd crowd = new();
    private SharedConnections? connections;

    public static string Room(int number) => $"room-{number}";

    public Task OpenAsync(Uri address, int rooms, int streamsPerConnection, CancellationToken stop)
    {
        connections = new SharedConnections(address, streamsPerConnection);
        return connections.OpenAsync(
            rooms,
            OpenedAtOnce,
            number => new ClientSetup($"sender-{number}") { Room = Room(number) },
            (client, _) => crowd.AddSender(client, most: 1, latencies: null),
            stop);
    }

    /// <summary>
    /// Sends one message to each room at the same time; returns that time, a stopwatch timestamp, when all are acked.
    /// </summary>
    public async Task<long> SendAsync(TimeSpan limit, CancellationToken stop)
    {
        var now = Stopwatch.GetTimestamp();
        var sending = crowd.Senders.ConvertAll(sender =>
        {
            var due = Channel.CreateBounded<long>(1);
            due.Writer.TryWrite(now);
            due.Writer.Complete();
            return crowd.Watch(sender.PaceAsync(due.Reader));
        });
        await crowd.PassAsync(Task.WhenAll(sending), limit, stop);
        return now;
    }

    public async ValueTask DisposeAsync()
    {
        await crowd.DisposeAsync();
        if (connections is not null)
        {
            await connections.DisposeAsync();
        }
    }
}
