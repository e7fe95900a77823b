using Chat.AspNetCore.Storage;

namespace Chat.AspNetCore.Rooms;

/// <summary>
/// The newest messages of a room that somebody follows, each encoded once and shared by all who read it. It is no more
/// than a copy of the log's end that is quick to read: whoever needs what is not here reads the log. The log's writer
/// adds, readers take no lock.
/// </summary>
internal sealed class RoomTail(TailMemory memory) : IMessageSink
{
    // A room that is seldom written to must not take what a busy one needs, so its pieces begin small and double.
    private const int LeastChunkBytes = 1024;

    // Oldest first; replaced as a whole, so that a reader sees one state of it. Under the memory's lock.
    private TailChunk[] chunks = [];
    private int size;

    // For the writer alone.
    private long lastId;

    /// <summary>Adds what has been committed. Called on the log's writer thread.</summary>
    public void Add(RoomCommit commit)
    {
        if (memory.IsUsed)
        {
            commit.Show(this);
        }
    }

    /// <summary>
    /// Finds messages from <paramref name="after"/> + 1 on, at most to <paramref name="through"/>: as many as fit into
    /// <paramref name="share"/> bytes, or one that is larger but fits into <paramref name="most"/>. False where the first
    /// of them is not here, or does not fit.
    /// </summary>
    public bool TryGet(long after, long through, int share, int most, out EncodedRun run)
    {
        var known = Volatile.Read(ref chunks);
        for (var i = known.Length - 1; i >= 0; i--)
        {
            if (known[i].FirstId <= after + 1)
            {
                return known[i].TryGet(after + 1, through, share, most, out run);
            }
        }

        run = default;
        return false;
    }

    bool IMessageSink.TryAdd(scoped in MessageRow row)
    {
        var newest = Volatile.Read(ref chunks) is [.., var last] ? last : null;
        if (newest is not null && row.Id != lastId + 1)
        {
            // What does not follow is not joined to what is here: readers find the truth in the log.
            memory.Forget(this);
            newest = null;
        }

        var bytes = MessageEncoding.SizeOf(row);
        if (newest is null || !newest.TryAdd(row, bytes))
        {
            var capacity = Math.Min(newest is null ? LeastChunkBytes : 2 * newest.Capacity, memory.MostChunkBytes);
            var next = new TailChunk(this, row.Id, Math.Max(capacity, MessageEncoding.SizeWithPrefix(bytes)));
            next.TryAdd(row, bytes);
            memory.Add(next);
        }

        lastId = row.Id;
        return true;
    }

    // The rest is called by the memory, which lets one thread at a time in.

    internal bool IsClosed { get; private set; }

    internal int Size => size;

    internal TailChunk? Oldest => chunks.Length > 0 ? chunks[0] : null;

    internal void Append(TailChunk chunk)
    {
        size += chunk.Size;
        Volatile.Write(ref chunks, [.. chunks, chunk]);
    }

    internal void DropOldest()
    {
        size -= chunks[0].Size;
        Volatile.Write(ref chunks, chunks[1..]);
    }

    internal void Close() => IsClosed = true;
}
