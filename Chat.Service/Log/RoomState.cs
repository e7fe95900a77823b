namespace Chat.Service.Log;

/// <summary>
/// What the log remembers of a room. The writer counts ids up in <see cref="Next"/>; readers see only what
/// <see cref="Publish"/> made visible after the commit.
/// </summary>
internal sealed class RoomState(long roomId, string name, long oldest, long head)
{
    private long head = head;

    public long RoomId { get; } = roomId;
    public string Name { get; } = name;
    public long Oldest { get; } = oldest;

    /// <summary>Newest committed id.</summary>
    public long Head => Volatile.Read(ref head);

    /// <summary>Newest id given out by the batch that is being stored; equal to <see cref="Head"/> between batches.</summary>
    public long Pending { get; private set; } = head;

    public RoomBounds Bounds => new(Oldest, Head);

    public long Next() => ++Pending;

    public void Publish() => Volatile.Write(ref head, Pending);

    public void Forget() => Pending = head;
}
