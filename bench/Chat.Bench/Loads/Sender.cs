using System.Diagnostics;
using System.Numerics;
using System.Threading.Channels;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>Sends as much as may be in flight, or what is due, and checks that each send is acked once.</summary>
/// <param name="client">Sends, and reads acks only.</param>
/// <param name="most">The number of sends that may be unacked at once.</param>
/// <param name="latencies">Takes the latency of each ack, counted from when the send was due.</param>
internal sealed class Sender(IPeerClient client, int most, Latencies? latencies = null) : IArrivals, IDisposable
{
    // A peer that promises no order may ack out of order, so the unacked numbers can be far apart.
    private const int SlotsPerSend = 16;

    private readonly long[] dueAt = new long[(int)BitOperations.RoundUpToPowerOf2((uint)(most * SlotsPerSend))];
    private readonly SemaphoreSlim wakeUp = new(0);
    private long sent;
    private long acked;
    private int waits;
    private volatile bool isOver;

    public long Acked => Volatile.Read(ref acked);

    /// <summary>Reads acks until <paramref name="stop"/> is cancelled; throws when the stream is lost.</summary>
    public async Task ListenAsync(CancellationToken stop)
    {
        try
        {
            await client.ReadAsync(this, stop);
        }
        finally
        {
            isOver = true;
            wakeUp.Release();
        }
    }

    /// <summary>
    /// Keeps the most in flight until <paramref name="stop"/> is cancelled; returns when every send is acked.
    /// </summary>
    public async Task KeepInFlightAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var known = Acked;
            if (most - (int)(sent - known) is > 0 and var free)
            {
                await SendAsync(free, Stopwatch.GetTimestamp());
            }
            else
            {
                await AckAfterAsync(known);
            }
        }

        await AllAckedAsync();
    }

    /// <summary>
    /// Sends once for each due time, however late; returns when <paramref name="due"/> has ended and every send is
    /// acked.
    /// </summary>
    public async Task PaceAsync(ChannelReader<long> due)
    {
        await foreach (var intendedAt in due.ReadAllAsync())
        {
            while (Acked is var known && sent - known >= most)
            {
                await AckAfterAsync(known);
            }

            await SendAsync(1, intendedAt);
        }

        await AllAckedAsync();
    }

    public void Message(long id, ReadOnlySpan<byte> text) =>
        throw new InvalidDataException("A sender that reads no room received a message.");

    public void Ack(long number)
    {
        var from = number < Volatile.Read(ref sent) ? Interlocked.Exchange(ref Slot(number), 0) : 0;
        if (from == 0)
        {
            throw new InvalidDataException($"Send {number} was acked, but it was acked before or never sent.");
        }

        latencies?.Record(from);
        Volatile.Write(ref acked, acked + 1);
    }

    public bool CaughtUp() => true;

    // Not after each ack: what all of them free is sent in one request.
    public void Pause()
    {
        if (Volatile.Read(ref waits) == 1 && Interlocked.Exchange(ref waits, 0) == 1)
        {
            wakeUp.Release();
        }
    }

    public void Dispose() => wakeUp.Dispose();

    private ref long Slot(long number) => ref dueAt[number & (dueAt.Length - 1)];

    /// <summary>Sends so many at once; the caller ensures that no more than the most are in flight.</summary>
    public async Task SendAsync(int count, long intendedAt)
    {
        var first = sent;
        for (var number = first; number < first + count; number++)
        {
            if (Volatile.Read(ref Slot(number)) != 0)
            {
                throw new InvalidDataException($"Send {number - dueAt.Length} is still unacked after {dueAt.Length} later sends.");
            }

            Volatile.Write(ref Slot(number), intendedAt);
        }

        Volatile.Write(ref sent, first + count);
        await client.SendAsync(first, count, intendedAt);
    }

    private async Task AllAckedAsync()
    {
        while (Acked is var known && known < sent)
        {
            await AckAfterAsync(known);
        }
    }

    // Either the flag is cleared here, or whoever cleared it releases the semaphore.
    private async Task AckAfterAsync(long known)
    {
        Interlocked.Exchange(ref waits, 1);
        var isDone = Acked != known || isOver;
        if (!isDone || Interlocked.Exchange(ref waits, 0) == 0)
        {
            await wakeUp.WaitAsync();
        }

        if (isOver)
        {
            throw new InvalidDataException($"The stream ended with {sent - Acked} sends unacked.");
        }
    }
}
