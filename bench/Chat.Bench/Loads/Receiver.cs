using System.Diagnostics;
using System.Numerics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// Reads one room, and checks that every message is the next one; or, if the peer promises no order, that it arrives
/// only once.
/// </summary>
/// <param name="inOrder">Whether the peer promises an order.</param>
/// <param name="after">The id before that of the first expected message.</param>
/// <param name="latencies">Takes the latency of each message, counted from when it was due.</param>
internal sealed class Receiver(bool inOrder, long after = 0, Latencies? latencies = null) : IArrivals
{
    private const int BitsPerWord = 64;

    private readonly long before = after;
    private readonly TaskCompletionSource<long> reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong[] seen = [];
    private long count;
    private long lastId = after;
    private long awaited = long.MaxValue;

    /// <summary>Messages received.</summary>
    public long Count => Volatile.Read(ref count);

    /// <summary>The greatest id received.</summary>
    public long LastId => Volatile.Read(ref lastId);

    /// <summary>Messages received after one with a greater id.</summary>
    public long OutOfOrder { get; private set; }

    /// <summary>
    /// Completes with the stopwatch timestamp at which so many messages were received. Call it before the first
    /// arrives.
    /// </summary>
    public Task<long> ReachAsync(long messages)
    {
        awaited = messages;
        return reached.Task;
    }

    /// <summary>Returns what is wrong if exactly so many messages were stored; null = each was received once.</summary>
    public string? Missing(long messages) =>
        Count == messages && LastId == before + messages
            ? null
            : $"{messages} messages were stored, but a receiver got {Count}, the last with id {LastId}";

    public void Message(long id, ReadOnlySpan<byte> text)
    {
        if (text.Length != BenchText.Bytes)
        {
            throw new InvalidDataException($"Message {id} arrived with {text.Length} bytes of text instead of {BenchText.Bytes}.");
        }

        if (id == lastId + 1)
        {
            Volatile.Write(ref lastId, id);
        }
        else
        {
            OutOfTurn(id);
        }

        if (!inOrder)
        {
            Mark(id);
        }

        latencies?.Record(BenchText.TimestampOf(text));
        Volatile.Write(ref count, count + 1);
        if (count == awaited)
        {
            reached.TrySetResult(Stopwatch.GetTimestamp());
        }
    }

    public void Ack(long number) => throw new InvalidDataException("A receiver that sends nothing received an ack.");

    public bool CaughtUp() => true;

    private void OutOfTurn(long id)
    {
        if (inOrder)
        {
            throw new InvalidDataException($"Message {id} arrived instead of {lastId + 1}.");
        }

        OutOfOrder += id < lastId ? 1 : 0;
        Volatile.Write(ref lastId, Math.Max(lastId, id));
    }

    private void Mark(long id)
    {
        var bit = id - before - 1;
        if (bit < 0)
        {
            throw new InvalidDataException($"Message {id} arrived although the receiver asked for those after {before}.");
        }

        var (word, mask) = (bit / BitsPerWord, 1UL << (int)(bit % BitsPerWord));
        if (word >= seen.Length)
        {
            Array.Resize(ref seen, (int)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(word + 1, BitsPerWord)));
        }

        if ((seen[word] & mask) != 0)
        {
            throw new InvalidDataException($"Message {id} arrived twice.");
        }

        seen[word] |= mask;
    }
}
