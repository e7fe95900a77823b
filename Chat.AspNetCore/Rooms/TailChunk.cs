using Chat.AspNetCore.Storage;

namespace Chat.AspNetCore.Rooms;

/// <summary>
/// A piece of a room's tail: encoded messages side by side, and where each ends. One thread adds; others read what has
/// been added, without a lock, because nothing that they can see changes any more.
/// </summary>
internal sealed class TailChunk
{
    // About what the shortest message takes: the table of ends should not be full before the bytes are.
    private const int LeastMessageBytes = 32;

    private readonly byte[] bytes;
    private readonly int[] ends;
    private int count;

    /// <param name="tail">Whose piece it is.</param>
    /// <param name="firstId">The id of the first message that will be added.</param>
    /// <param name="capacity">Bytes.</param>
    public TailChunk(RoomTail tail, long firstId, int capacity)
    {
        Tail = tail;
        FirstId = firstId;
        bytes = GC.AllocateUninitializedArray<byte>(capacity);
        ends = new int[Math.Max(1, capacity / LeastMessageBytes)];
    }

    public RoomTail Tail { get; }

    public long FirstId { get; }

    public int Capacity => bytes.Length;

    /// <summary>The memory that this takes, in bytes.</summary>
    public int Size => bytes.Length + (ends.Length * sizeof(int));

    /// <summary>Its place in <see cref="TailMemory"/>, which alone uses this.</summary>
    public LinkedListNode<TailChunk>? Place { get; set; }

    /// <summary>False when there is no space for the message.</summary>
    /// <param name="row">The message.</param>
    /// <param name="size">What <see cref="MessageEncoding.SizeOf"/> says of it.</param>
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

    /// <summary>The messages from <paramref name="first"/> on, at most to <paramref name="through"/>, that fit.</summary>
    /// <param name="first">An id from <see cref="FirstId"/> on.</param>
    /// <param name="through">An id from <paramref name="first"/> on.</param>
    /// <param name="share">Bytes that they may take together.</param>
    /// <param name="most">Bytes that the first alone may take, where that is more.</param>
    /// <param name="run">What was found.</param>
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
