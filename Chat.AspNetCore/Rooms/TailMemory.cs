namespace Chat.AspNetCore.Rooms;

/// <summary>
/// Bounds the memory of all tails together, and of each: what is oldest goes first, whichever room it belongs to. A
/// room whose piece has gone is read from the log until it is written to again.
/// </summary>
/// <param name="maxBytes">All tails together; 0 = there are none.</param>
/// <param name="maxBytesPerRoom">Each of them; 0 = there are none.</param>
internal sealed class TailMemory(long maxBytes, int maxBytesPerRoom)
{
    // So that a room loses a small part of its tail at once, and not all of it.
    private const int PiecesOfARoom = 8;
    private const int LargestChunk = 64 * 1024;

    private readonly Lock gate = new();

    // Of all rooms, oldest first.
    private readonly LinkedList<TailChunk> chunks = [];
    private long bytes;

    /// <summary>What all tails take now.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>False where no tail may hold anything.</summary>
    public bool IsUsed => maxBytes > 0 && maxBytesPerRoom > 0;

    /// <summary>The largest that a piece of several messages may be.</summary>
    public int MostChunkBytes => Math.Min(LargestChunk, maxBytesPerRoom / PiecesOfARoom);

    /// <summary>Makes a piece, which holds its first message already, part of its tail.</summary>
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
            chunk.Place = chunks.AddLast(chunk);
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

    /// <summary>Drops all that a tail holds; it goes on with what is added next.</summary>
    public void Forget(RoomTail tail)
    {
        lock (gate)
        {
            while (tail.Oldest is not null)
            {
                DropOldestOf(tail);
            }
        }
    }

    /// <summary>Nobody follows the room any more: the tail is dropped, and nothing is added to it.</summary>
    public void Close(RoomTail tail)
    {
        lock (gate)
        {
            tail.Close();
            Forget(tail);
        }
    }

    private void DropOldestOf(RoomTail tail)
    {
        var chunk = tail.Oldest!;
        tail.DropOldest();
        chunks.Remove(chunk.Place!);
        bytes -= chunk.Size;
    }
}
