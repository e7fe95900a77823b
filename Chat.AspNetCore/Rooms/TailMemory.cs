namespace GrpcChat.AspNetCore.Rooms;

/// <summary>
/// Limits the memory of each tail, and of all tails together. The oldest chunk is dropped first, whichever room it
/// belongs to; its messages are then read from the log.
/// </summary>
/// <param name="maxBytes">The limit of all tails together; 0 switches tails off.</param>
/// <param name="maxBytesPerRoom">The limit of each tail; 0 switches tails off.</param>
internal sealed class TailMemory(long maxBytes, int maxBytesPerRoom)
{
    // A room has several chunks, so that it loses only a small part of its tail at once.
    private const int ChunksPerRoom = 8;
    private const int LargestChunkBytes = 64 * 1024;

    private readonly Lock gate = new();

    // The chunks of all rooms, oldest first.
    private readonly LinkedList<TailChunk> chunks = [];
    private long bytes;

    /// <summary>The memory that all tails take now.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>False if tails are switched off.</summary>
    public bool IsUsed => maxBytes > 0 && maxBytesPerRoom > 0;

    /// <summary>The largest size of a chunk. Only a chunk for a single message that is larger may exceed it.</summary>
    public int MaxChunkBytes => Math.Min(LargestChunkBytes, maxBytesPerRoom / ChunksPerRoom);

    /// <summary>Adds a chunk, which already holds its first message, to its tail.</summary>
    public void Add(TailChunk chunk)
    {
        lock (gate)
        {
            var tail = chunk.Tail;
            if (tail.IsClosed)
            {
                return;
            }

            tail.Append(chunk);
            chunk.Node = chunks.AddLast(chunk);
            bytes += chunk.Size;
            while (tail.Size > maxBytesPerRoom && tail.Oldest != chunk)
            {
                DropOldestOf(tail);
            }

            while (bytes > maxBytes && chunks.First is { } oldest)
            {
                DropOldestOf(oldest.Value.Tail);
            }
        }
    }

    /// <summary>Drops everything in a tail. It continues with the next message that is added.</summary>
    public void Clear(RoomTail tail)
    {
        lock (gate)
        {
            while (tail.Oldest is not null)
            {
                DropOldestOf(tail);
            }
        }
    }

    /// <summary>Drops a tail whose room is no longer followed. Nothing more is added to it.</summary>
    public void Close(RoomTail tail)
    {
        lock (gate)
        {
            tail.Close();
            Clear(tail);
        }
    }

    private void DropOldestOf(RoomTail tail)
    {
        var chunk = tail.Oldest!;
        tail.DropOldest();
        chunks.Remove(chunk.Node!);
        bytes -= chunk.Size;
    }
}
