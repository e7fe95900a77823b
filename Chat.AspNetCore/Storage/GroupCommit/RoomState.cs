namespace Chat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// What the log remembers of a room. The writer counts ids up in <see cref="Next"/>; readers see only what
/// <see cref="Publish"/> made visible after the commit.
/// </summary>
internal sealed class RoomState(long roomId, string name, long oldest, long head)
{
    private long head = head;
    private Append? lastStored;

    public long RoomId { get; } = roomId;
    public string Name { get; } = name;
    public long Oldest { get; } = oldest;

    /// <summary>Newest committed id.</summary>
    public long Head => Volatile.Read(ref head);

    /// <summary>Newest id given out by the batch that is being stored; equal to <see cref="Head"/> between batches.</summary>
    public long Pending { get; private set; } = head;

    public RoomBounds Bounds => new(Oldest, Head);

    /// <summary>What the batch that is being stored adds to the room: the first of a chain of sends.</summary>
    public Append? FirstStored { get; private set; }

    /// <summary>Gives the send the next id.</summary>
    public long Next(Append append)
    {
        if (lastStored is null)
        {
            FirstStored = append;
        }
        else
        {
            lastStored.NextInRoom = append;
        }

        lastStored = append;
        return ++Pending;
    }

    /// <summary>
    /// Makes the new head visible. A full fence: the one who looks next whether somebody follows the room must not have
    /// looked before, or a follower who came meanwhile sees neither the head nor a ring.
    /// </summary>
    public void Publish() => Interlocked.Exchange(ref head, Pending);

    /// <summary>The batch was not stored.</summary>
    public void Forget()
    {
        Pending = head;
        EndBatch();
    }

    /// <summary>Nothing of the batch is kept here any more.</summary>
    public void EndBatch() => (FirstStored, lastStored) = (null, null);
}
