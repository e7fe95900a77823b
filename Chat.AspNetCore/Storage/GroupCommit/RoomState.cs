namespace GrpcChat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// What the log keeps in memory about a room. The writer assigns ids with <see cref="AssignId"/>; readers see them only
/// after the commit, when <see cref="Publish"/> has been called.
/// </summary>
internal sealed class RoomState(long roomId, string name, long oldest, long head)
{
    private long oldest = oldest;
    private long head = head;
    private Append? lastAppend;
    private LogDamagedException? damage;

    public long RoomId { get; } = roomId;
    public string Name { get; } = name;

    /// <summary>The oldest id that is kept.</summary>
    public long Oldest => Volatile.Read(ref oldest);

    /// <summary>The newest committed id.</summary>
    public long Head => Volatile.Read(ref head);

    /// <summary>
    /// The newest id that the current batch has assigned; equal to <see cref="Head"/> between batches.
    /// </summary>
    public long LastAssignedId { get; private set; } = head;

    /// <summary>What was found damaged in this room; null = nothing. From then on nothing more is stored in it.</summary>
    public LogDamagedException? Damage
    {
        get => Volatile.Read(ref damage);
        set => Volatile.Write(ref damage, value);
    }

    /// <summary>The oldest id is read first: the head only grows, so it is never below the oldest id - 1.</summary>
    public RoomBounds Bounds => new(Oldest, Head);

    /// <summary>The first append that the current batch stores in this room; the others are linked to it.</summary>
    public Append? FirstAppend { get; private set; }

    /// <summary>Gives the append the room's next id.</summary>
    public long AssignId(Append append)
    {
        if (lastAppend is null)
        {
            FirstAppend = append;
        }
        else
        {
            lastAppend.NextInRoom = append;
        }

        lastAppend = append;
        return ++LastAssignedId;
    }

    /// <summary>
    /// Makes the new head visible. This is a full fence: the writer looks for followers of the room only afterwards. If
    /// it looked before, a stream that follows the room in between would neither see the new head nor be woken.
    /// </summary>
    public void Publish() => Interlocked.Exchange(ref head, LastAssignedId);

    /// <summary>
    /// Takes note that older messages have been removed, after the commit. May be called on any thread: a reader may notice it
    /// before the writer gets here.
    /// </summary>
    public void AdvanceOldest(long committed)
    {
        for (var known = Oldest; known < committed;)
        {
            var seen = Interlocked.CompareExchange(ref oldest, committed, known);
            if (seen == known)
            {
                return;
            }

            known = seen;
        }
    }

    /// <summary>The batch has not been stored.</summary>
    public void Rollback()
    {
        LastAssignedId = head;
        EndBatch();
    }

    /// <summary>Releases the appends of the batch.</summary>
    public void EndBatch() => (FirstAppend, lastAppend) = (null, null);
}
