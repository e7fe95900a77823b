using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Rooms;

/// <summary>
/// A part of a room's tail: encoded messages, one after the other, and where each of them ends. One thread adds
/// messages; others read them without a lock, because a message never changes once they can see it.
/// </summary>
internal sealed class TailChunk
{
    // About the size of the shortest message: the table of ends should not be full before the bytes are.
    private const int MinMessageBytes = 32;

    private readonly byte[] bytes;
    private readonly int[] ends;
    private int count;

    /// <param name="tail">The tail that the chunk belongs to.</param>
    /// <param name="firstId">The id of the first message that will be added.</param>
    /// <param name="capacity">The capacity in bytes.</param>
    public TailChunk(RoomTail tail, long firstId, int capacity)
    {
        Tail = tail;
        FirstId = firstId;
        bytes = GC.AllocateUninitializedArray<byte>(capacity);
        ends = new int[Math.Max(1, capacity / MinMessageBytes)];
    }

    public RoomTail Tail { get; }

    public long FirstId { get; }

    public int Capacity => bytes.Length;

    /// <summary>The memory that the chunk takes, in bytes.</summary>
    public int Size => bytes.Length + (ends.Length * sizeof(int));

    /// <summary>For <see cref="TailMemory"/>: the chunk's node in its list.</summary>
    public LinkedListNode<TailChunk>? Node { get; set; }

    /// <summary>Adds a message. False if there is no space for it.</summary>
    /// <param name="row">The message.</param>
    /// <param name="size">The result of <see cref="MessageEncoding.SizeOf"/>.</param>
    public bool TryAdd(scoped in MessageRow row, int size)
    {
        var start = count == 0 ? 0 : ends[count - 1];
        var end = start + MessageEncoding.SizeWithPrefix(size);
        if (count == ends.Length || end > bytes.Length)
        {
            return false;
        }

        MessageEncoding.WriteEntry(row, size, bytes.AsSpan(start));
        ends[count] = end;
        Volatile.Write(ref count, count + 1);
        return true;
    }

    /// <summary>Finds the messages from <paramref name="first"/> up to <paramref name="through"/> that fit.</summary>
    /// <param name="first">An id, at least <see cref="FirstId"/>.</param>
    /// <param name="through">An id, at least <paramref name="first"/>.</param>
    /// <param name="share">The bytes that the messages may take together.</param>
    /// <param name="most">The bytes that the first message may take on its own, if that is more.</param>
    /// <param name="run">The messages.</param>
    public bool TryGet(long first, long through, int share, int most, out EncodedRun run)
    {
        var index = first - FirstId;
        var known = Math.Min(Volatile.Read(ref count), through - FirstId + 1);
        if (index >= known)
        {
            run = default;
            return false;
        }

        var start = index == 0 ? 0 : ends[index - 1];
        var found = ends.AsSpan((int)index, (int)(known - index)).BinarySearch(start + share);
        var fitting = found >= 0 ? found + 1 : ~found;
        if (fitting == 0)
        {
            fitting = ends[index] - start <= most ? 1 : 0;
        }

        run = fitting == 0
            ? default
            : new EncodedRun(bytes, start, ends[index + fitting - 1] - start, fitting, first + fitting - 1);
        return fitting > 0;
    }
}
