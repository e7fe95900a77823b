using Grpc.Core;
using Grpc.Net.Client;

namespace Chat.Bench;

/// <summary>Reads one room from its beginning, and checks on every message that it is the next.</summary>
/// <param name="address">The service; each has a connection of its own.</param>
/// <param name="name">The reader.</param>
/// <param name="room">What it reads.</param>
internal sealed class Receiver(string address, string name, string room)
{
    private long lastId;

    /// <summary>The id of the last message, and as many have come.</summary>
    public long LastId => Volatile.Read(ref lastId);

    /// <summary>Reads until it is told to stop.</summary>
    /// <param name="joined">Set when the room has been joined.</param>
    /// <param name="stop">Ends the stream.</param>
    public async Task FollowAsync(TaskCompletionSource joined, CancellationToken stop)
    {
        using var channel = GrpcChannel.ForAddress(address);
        using var call = RawStream.Open(channel, name, room);
        try
        {
            while (await call.ResponseStream.MoveNext(stop))
            {
                joined.TrySetResult();
                Volatile.Write(ref lastId, new FrameScanner(call.ResponseStream.Current).Scan(lastId));
            }
        }
        catch (RpcException) when (stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Reads until everything that was there has come.</summary>
    public async Task CatchUpAsync()
    {
        using var channel = GrpcChannel.ForAddress(address);
        using var call = RawStream.Open(channel, name, room);
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            var scanner = new FrameScanner(call.ResponseStream.Current);
            Volatile.Write(ref lastId, scanner.Scan(lastId));
            if (scanner.CaughtUp)
            {
                return;
            }
        }
    }
}
