namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// The entries of a room, from the oldest to the newest: past ones, which were loaded from the history; recent ones,
/// which arrived while the room was joined; and pending ones, the user's own messages that have not arrived yet. The
/// first two are bounded, because what is dropped can be loaded again.
/// </summary>
internal sealed class Timeline
{
    /// <summary>The maximum number of past entries, and also of recent ones.</summary>
    public const int Limit = 2000;

    private readonly LinkedList<Entry> past = [], recent = [], pending = [];

    /// <summary>The lowest entry on the screen; null to follow the newest.</summary>
    public LinkedListNode<Entry>? Anchor { get; set; }

    /// <summary>How many rows of the anchor are below the screen.</summary>
    public int HiddenRows { get; set; }

    public LinkedListNode<Entry>? Oldest => past.First ?? recent.First ?? pending.First;

    public LinkedListNode<Entry>? Newest => pending.Last ?? recent.Last ?? past.Last;

    public int Count => past.Count + recent.Count + pending.Count;

    /// <summary>
    /// Messages between the past and the recent ones are missing; they are loaded when the user scrolls there.
    /// </summary>
    public bool HasHole => past.Last is not null && RecentStart is { } start && past.Last.Value.Id + 1 < start;

    public long? PastEnd => past.Last?.Value.Id;

    /// <summary>The oldest message with an id; null if there is none.</summary>
    public Entry? OldestMessage => past.First?.Value ?? recent.FirstOrDefault(entry => entry.Id > 0);

    private long? RecentStart => recent.FirstOrDefault(entry => entry.Id > 0)?.Id;

    /// <summary>The entry above; null at the top.</summary>
    public LinkedListNode<Entry>? GetAbove(LinkedListNode<Entry> node) => node.Previous
        ?? (node.List == pending ? recent.Last ?? past.Last : node.List == recent ? past.Last : null);

    /// <summary>The entry below; null at the bottom, and before a hole.</summary>
    public LinkedListNode<Entry>? GetBelow(LinkedListNode<Entry> node) => node.Next
        ?? (node.List == recent ? pending.First : node.List == past && !HasHole ? recent.First ?? pending.First : null);

    public bool IsBeforeHole(LinkedListNode<Entry> node) => node == past.Last && HasHole;

    public LinkedListNode<Entry> Append(Entry entry)
    {
        var node = recent.AddLast(entry);
        entry.Stamp(GetAbove(node)?.Value);
        if (recent.Count > Limit)
        {
            if (Anchor?.List != past)
            {
                past.Clear(); // Else a hole would open above what is on the screen.
            }

            Remove(recent.First!);
        }

        return node;
    }

    public LinkedListNode<Entry> AppendPending(Entry entry) => pending.AddLast(entry);

    /// <summary>Replaces a pending entry by a recent one.</summary>
    public void Settle(LinkedListNode<Entry> node, Entry settled)
    {
        var (isAnchor, place) = (Anchor == node, Append(settled));
        if (isAnchor)
        {
            Anchor = place;
        }

        Remove(node);
    }

    /// <summary>Adds older messages, oldest first, that end just before the oldest message.</summary>
    public void Prepend(IReadOnlyList<Entry> older)
    {
        for (var i = older.Count - 1; i >= 0 && (past.Count < Limit || Anchor?.List == past); i--)
        {
            past.AddFirst(older[i]);
            if (past.Count > Limit)
            {
                Remove(past.Last!);
            }
        }

        Stamp(past.First);
    }

    /// <summary>Adds messages of the hole, oldest first, that start just after the past.</summary>
    public void Extend(IReadOnlyList<Entry> newer)
    {
        LinkedListNode<Entry>? first = null;
        foreach (var entry in newer.TakeWhile(_ => HasHole))
        {
            var node = past.AddLast(entry);
            first ??= node;
            if (past.Count > Limit)
            {
                Remove(past.First!);
            }
        }

        Stamp(first);
    }

    /// <summary>Follows the newest entry. The past is kept unless there is a hole after it.</summary>
    public void Follow()
    {
        (Anchor, HiddenRows) = (null, 0);
        if (HasHole)
        {
            past.Clear();
        }
    }

    /// <summary>Follows the newest entry, and drops the past.</summary>
    public void ForgetPast()
    {
        Follow();
        past.Clear();
    }

    /// <summary>Drops all but the pending entries.</summary>
    public void Clear()
    {
        ForgetPast();
        recent.Clear();
    }

    public void Remove(LinkedListNode<Entry> node)
    {
        if (Anchor == node)
        {
            (Anchor, HiddenRows) = (GetBelow(node) ?? GetAbove(node), 0);
        }

        node.List!.Remove(node);
    }

    // From a new entry on, as far down as the times change.
    private void Stamp(LinkedListNode<Entry>? from)
    {
        for (var node = from; node is not null; node = GetBelow(node))
        {
            var isNew = node.Value.ShownAt is null;
            if (!node.Value.Stamp(GetAbove(node)?.Value) && !isNew)
            {
                return;
            }
        }
    }
}
