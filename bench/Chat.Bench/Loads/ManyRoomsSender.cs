using System.Buffers;
using System.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// Keeps sends in flight on one stream, to many rooms in turn. Its client offsets are one id with a counter.
/// </summary>
/// <param name="stream">A stream that has joined no room.</param>
/// <param name="rooms">At least one.</param>
/// <param name="most">The number of sends that may be unacked at once.</param>
internal sealed class ManyRoomsSender(GrpcStream stream, IReadOnlyList<string> rooms, int most) : IArrivals
{
    private readonly List<SendEncoder> encoders = Encoders(rooms);
    private readonly ArrayBufferWriter<byte> requests = new();
    private long acked;

    public long Acked => Volatile.Read(ref acked);

    /// <summary>Sends until <paramref name="stop"/> is cancelled; returns when every send is acked.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var sent = 0L;
        while (true)
        {
            var free = stop.IsCancellationRequested ? 0 : most - (int)(sent - acked);
            if (free > 0)
            {
                requests.ResetWrittenCount();
                for (var n = 0; n < free; n++, sent++)
                {
                    var encoder = encoders[(int)(sent % encoders.Count)];
                    requests.Write(encoder.Encode(sent, 1, Stopwatch.GetTimestamp()).Span);
                }

                await stream.WriteAsync(requests.WrittenMemory);
            }
            else if (sent == acked)
            {
                return;
            }

            if (!await stream.ReadAsync(CancellationToken.None))
            {
                throw new InvalidDataException($"The stream ended with {sent - acked} sends unacked.");
            }

            while (stream.TryTake(out var frame))
            {
                new ResponseScanner(frame).Scan(this);
            }
        }
    }

    private static List<SendEncoder> Encoders(IReadOnlyList<string> rooms)
    {
        var clientId = SendEncoder.NewClientId();
        return [.. rooms.Select(room => new SendEncoder(room, clientId))];
    }

    public void Message(long id, ReadOnlySpan<byte> text) =>
        throw new InvalidDataException("A sender that reads no room received a message.");

    public void Ack(long number) => Volatile.Write(ref acked, acked + 1);

    public bool CaughtUp() => true;
}
