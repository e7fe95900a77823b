using System.Diagnostics;
using System.Numerics;
using System.Threading.Channels;
using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>Sends as many as may be in flight, or what is due, and checks that each is acked once.</summary>
/// <param name="client">Sends; and reads for nobody else.</param>
/// <param name="most">Sends that may be unacked at once.</param>
/// <param name="latencies">Gets how long each ack took since the send was due.</param>
internal sealed class Sender(IPeerClient client, int most, Latencies? latencies = null) : IArrivals, IDisposable
{
    // Acks of a peer that promises no order may come in another one, so that numbers far apart are unacked together.
    private const int SlotsPerSend = 16;

    private readonly long[] dueAt = new long[(int)BitOperations.RoundUpToPowerOf2((uint)(most * SlotsPerSend))];
    private readonly SemaphoreSlim bell = new(0);
    private long sent;
    private long acked;
    private int waits;
    private volatile bool isOver;

    public long Acked => Volatile.Read(ref acked);

    /// <summary>Reads the acks until <paramref name="stop"/> fires; throws when the stream is lost.</summary>
    public async Task ListenAsync(CancellationToken stop)
    {
        try
        {
            await client.ReadAsync(this, stop);
        }
        finally
        {
            isOver = true;
            bell.Release();
        }
    }

    /// <summary>Keeps the most in flight until <paramref name="stop"/> fires; returns when all is acked.</summary>
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

    /// <summary>Sends one for each time that is due, however late it is; returns when no more come and all is acked.</summary>
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
        throw new InvalidDataException("A sender that reads nothing got a message.");

    public void Ack(long number)
    {
        var from = number < Volatile.Read(ref sent) ? Interlocked.Exchange(ref Slot(number), 0) : 0;
        if (from == 0)
        {
            throw new InvalidDataException($"{number} was acked, which was not sent or was acked before.");
        }

        latencies?.Record(from);
        Volatile.Write(ref acked, acked + 1);
    }

    public bool CaughtUp() => true;

    // Not with the first of many acks: what they free is sent together, and not one by one.
    public void Pause()
    {
        if (Volatile.Read(ref waits) == 1 && Interlocked.Exchange(ref waits, 0) == 1)
        {
            bell.Release();
        }
    }

    public void Dispose() => bell.Dispose();

    private ref long Slot(long number) => ref dueAt[number & (dueAt.Length - 1)];

    /// <summary>Sends so many at once; the caller sees to it that no more than the most are in flight.</summary>
    public async Task SendAsync(int count, long intendedAt)
    {
        var first = sent;
        for (var number = first; number < first + count; number++)
        {
            if (Volatile.Read(ref Slot(number)) != 0)
            {
                throw new InvalidDataException($"{number - dueAt.Length} is not acked, and {dueAt.Length} later ones are.");
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

    // Either the flag is taken back here, or whoever took it rings.
    private async Task AckAfterAsync(long known)
    {
        Interlocked.Exchange(ref waits, 1);
        var isDone = Acked != known || isOver;
        if (!isDone || Interlocked.Exchange(ref waits, 0) == 0)
        {
            await bell.WaitAsync();
        }

        if (isOver)
        {
            throw new InvalidDataException($"A stream ended with {sent - Acked} sends unacked.");
        }
    }
}
