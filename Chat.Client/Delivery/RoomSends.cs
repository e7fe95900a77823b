namespace GrpcChat.Client.Delivery;

/// <summary>
/// What the current stream knows about one room that messages are sent to, and its messages that must wait.
/// </summary>
/// <remarks>
/// Only a send that would create its room can be refused for a while. If later messages of the room were on their way
/// by then, they could be stored before it. So the first one goes alone until the room is known to exist.
/// </remarks>
internal sealed class RoomSends
{
    // In the order in which they must be sent.
    private readonly LinkedList<OutboxEntry> waiting = [];

    /// <summary>The room has a message, so that no send to it is refused for a while.</summary>
    public bool Exists { get; private set; }

    /// <summary>The first message, while it is sent alone and has no answer.</summary>
    public OutboxEntry? First { get; private set; }

    /// <summary>When messages may be sent again, as a timestamp; null if they may.</summary>
    public long? HeldUntil { get; private set; }

    /// <summary>It is in the line of rooms whose waiting messages may be sent.</summary>
    public bool IsReady { get; set; }

    public bool HasWaiting => waiting.Count > 0;

    public bool MaySend => HeldUntil is null && First is null;

    public void Wait(OutboxEntry entry) => waiting.AddLast(entry);

    public OutboxEntry TakeWaiting()
    {
        var entry = waiting.First!.Value;
        waiting.RemoveFirst();
        return entry;
    }

    public void OnSent(OutboxEntry entry) => First = Exists ? null : entry;

    /// <summary>The room has a message.</summary>
    public void OnExists() => (Exists, First) = (true, null);

    /// <summary>A message has its answer.</summary>
    public void OnAnswered(OutboxEntry entry) => First = First == entry ? null : First;

    /// <summary>A message was refused for a while: it is the next one of the room, but not before this time.</summary>
    public void Hold(OutboxEntry entry, long until)
    {
        OnAnswered(entry);
        HeldUntil = Math.Max(HeldUntil ?? until, until);
        var later = waiting.First;
        while (later is not null && later.Value.Sequence < entry.Sequence)
        {
            later = later.Next;
        }

        if (later is null)
        {
            waiting.AddLast(entry);
        }
        else
        {
            waiting.AddBefore(later, entry);
        }
    }

    public void Release() => HeldUntil = null;
}
