using System.Diagnostics;
using Chat.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Chat.Bench;

/// <summary>Keeps so many sends in flight on one stream, and coalesces into a request what is free.</summary>
/// <param name="address">The service; each has a connection of its own.</param>
/// <param name="name">The sender.</param>
/// <param name="room">Where it sends.</param>
/// <param name="inFlight">Unacked sends at once.</param>
internal sealed class Sender(string address, string name, string room, int inFlight)
{
    private static readonly string Text = new('x', 120);

    private readonly string clientId = Guid.NewGuid().ToString("N");
    private readonly Queue<long> sentAt = [];
    private long acked;

    public long Acked => Volatile.Read(ref acked);

    /// <summary>How long each ack took, in stopwatch ticks, while <see cref="IsMeasured"/>.</summary>
    public List<long> Latencies { get; } = [];

    public bool IsMeasured { get; set; }

    /// <summary>Sends until it is told to stop or has sent <paramref name="most"/>, and returns when all is acked.</summary>
    public async Task RunAsync(long most, CancellationToken stop)
    {
        using var channel = GrpcChannel.ForAddress(address);
        using var call = RawStream.Open(channel, name, "-");
        var sent = 0L;
        while (true)
        {
            var free = stop.IsCancellationRequested ? 0 : Math.Min(inFlight - sentAt.Count, most - sent);
            if (free > 0)
            {
                await call.RequestStream.WriteAsync(Request(sent, (int)free), CancellationToken.None);
                sent += free;
            }
            else if (sentAt.Count == 0)
            {
                await call.RequestStream.CompleteAsync();
                return;
            }

            if (!await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                throw new InvalidDataException($"{name} lost its stream.");
            }

            Take(call.ResponseStream.Current);
        }
    }

    private ChatRequest Request(long first, int count)
    {
        var request = new ChatRequest();
        var now = Stopwatch.GetTimestamp();
        for (var n = 0; n < count; n++)
        {
            request.Sends.Add(new Send { Room = room, ClientOffset = $"{clientId}-{first + n}", Text = Text });
            sentAt.Enqueue(now);
        }

        return request;
    }

    // Acks of one room come in the order of its sends.
    private void Take(byte[] frame)
    {
        var scanner = new FrameScanner(frame);
        scanner.Scan(lastId: 0);
        var now = Stopwatch.GetTimestamp();
        for (var n = 0; n < scanner.Acks; n++)
        {
            var began = sentAt.Dequeue();
            if (IsMeasured)
            {
                Latencies.Add(now - began);
            }
        }

        Volatile.Write(ref acked, acked + scanner.Acks);
    }
}
