using System.Diagnostics;
using System.Numerics;
using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>
/// Reads one room, and checks on every message that it is the next; or, of a peer that promises no order, that it comes
/// once.
/// </summary>
/// <param name="inOrder">What the peer promises.</param>
/// <param name="after">The id before the first that is due.</param>
/// <param name="latencies">Gets how long each message took since it was to be sent.</param>
internal sealed class Receiver(bool inOrder, long after = 0, Latencies? latencies = null) : IArrivals
{
    private const int BitsPerWord = 64;

    private readonly long before = after;
    private readonly TaskCompletionSource<long> reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong[] seen = [];
    private long count;
    private long lastId = after;
    private long awaited = long.MaxValue;

    /// <summary>Messages that have come.</summary>
    public long Count => Volatile.Read(ref count);

    /// <summary>The greatest id that has come.</summary>
    public long LastId => Volatile.Read(ref lastId);

    /// <summary>Messages that came after one with a greater id.</summary>
    public long OutOfOrder { get; private set; }

    /// <summary>Tells when so many have come, by the stopwatch; to be asked before any comes.</summary>
    public Task<long> ReachAsync(long messages)
    {
        awaited = messages;
        return reached.Task;
    }

    /// <summary>What is wrong when so many messages are all that there are; null = they have come, each once.</summary>
    public string? Missing(long messages) =>
        Count == messages && LastId == before + messages
            ? null
            : $"{messages} messages are stored, and a receiver has {Count}, the last with id {LastId}";

    public void Message(long id, ReadOnlySpan<byte> text)
    {
        if (text.Length != BenchText.Bytes)
        {
            throw new InvalidDataException($"{id} has {text.Length} bytes of text, and {BenchText.Bytes} were sent.");
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

    public void Ack(long number) => throw new InvalidDataException("A receiver that sends nothing got an ack.");

    public bool CaughtUp() => true;

    private void OutOfTurn(long id)
    {
        if (inOrder)
        {
            throw new InvalidDataException($"{lastId + 1} was due, and {id} came.");
        }

        OutOfOrder += id < lastId ? 1 : 0;
        Volatile.Write(ref lastId, Math.Max(lastId, id));
    }

    private void Mark(long id)
    {
        var bit = id - before - 1;
        if (bit < 0)
        {
            throw new InvalidDataException($"{id} came, which is not after {before}.");
        }

        var (word, mask) = (bit / BitsPerWord, 1UL << (int)(bit % BitsPerWord));
        if (word >= seen.Length)
        {
            Array.Resize(ref seen, (int)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(word + 1, BitsPerWord)));
        }

        if ((seen[word] & mask) != 0)
        {
            throw new InvalidDataException($"{id} came twice.");
        }

        seen[word] |= mask;
    }
}
