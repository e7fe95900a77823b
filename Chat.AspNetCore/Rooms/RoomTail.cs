using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Rooms;

/// <summary>
/// The newest messages of a followed room, each encoded once and shared by all of its readers. It is only a copy of the
/// end of the log that is fast to read: a reader that needs an older message reads the log. The log's writer adds to
/// it; readers take no lock.
/// </summary>
internal sealed class RoomTail(TailMemory memory) : IMessageSink
{
    // The first chunk of a room is small and each later one is twice as large, so that quiet rooms leave the memory to
    // busy ones.
    private const int MinChunkBytes = 1024;

    // Oldest first. Replaced as a whole, under the memory's lock, so that a reader sees a consistent state.
    private TailChunk[] chunks = [];
    private int size;

    // Only the writer uses it.
    private long lastId;

    /// <summary>Adds committed messages. Called on the log's writer thread.</summary>
    public void Add(RoomCommit commit)
    {
        if (memory.IsUsed)
        {
            commit.Show(this);
        }
    }

    /// <summary>
    /// Finds the messages from <paramref name="after"/> + 1 up to <paramref name="through"/>: as many as fit into
    /// <paramref name="share"/> bytes, or one message that is larger but fits into <paramref name="most"/> bytes. False
    /// if the first of them is not in the tail or does not fit.
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
            // The tail has no gaps: it starts again with this message, and readers find the older ones in the log.
            memory.Clear(this);
            newest = null;
        }

        var bytes = MessageEncoding.SizeOf(row);
        if (newest is null || !newest.TryAdd(row, bytes))
        {
            var capacity = Math.Min(newest is null ? MinChunkBytes : 2 * newest.Capacity, memory.MaxChunkBytes);
            var next = new TailChunk(this, row.Id, Math.Max(capacity, MessageEncoding.SizeWithPrefix(bytes)));
            next.TryAdd(row, bytes);
            memory.Add(next);
        }

        lastId = row.Id;
        return true;
    }

    // The members below are called by the memory, under its lock.

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
