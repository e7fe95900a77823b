namespace Chat.ConsoleClient.Screen;

/// <summary>
/// What a room shows, from the oldest to the newest: pages that were read back, what came lately, and own messages that
/// have not come back yet. The first two are bounded; what is dropped can be read again.
/// </summary>
internal sealed class Timeline
{
    /// <summary>Entries of the past, and as many of what came lately.</summary>
    public const int Limit = 2000;

    private readonly LinkedList<Entry> past = [], recent = [], waiting = [];

    /// <summary>The lowest entry on the screen; null = the newest, whichever that is.</summary>
    public LinkedListNode<Entry>? Anchor { get; set; }

    /// <summary>How many of the anchor's last rows are below the screen.</summary>
    public int Hidden { get; set; }

    public LinkedListNode<Entry>? Oldest => past.First ?? recent.First ?? waiting.First;

    public LinkedListNode<Entry>? Newest => waiting.Last ?? recent.Last ?? past.Last;

    public int Count => past.Count + recent.Count + waiting.Count;

    /// <summary>What is between the past and what came lately is not here; it is read by who scrolls there.</summary>
    public bool HasHole => past.Last is not null && RecentStart is { } start && past.Last.Value.Id + 1 < start;

    public long? PastEnd => past.Last?.Value.Id;

    /// <summary>The oldest message that has an id; null where there is none.</summary>
    public Entry? OldestMessage => past.First?.Value ?? recent.FirstOrDefault(entry => entry.Id > 0);

    private long? RecentStart => recent.FirstOrDefault(entry => entry.Id > 0)?.Id;

    public LinkedListNode<Entry>? Above(LinkedListNode<Entry> node) => node.Previous
        ?? (node.List == waiting ? recent.Last ?? past.Last : node.List == recent ? past.Last : null);

    /// <summary>The next one; null before a hole, too.</summary>
    public LinkedListNode<Entry>? Below(LinkedListNode<Entry> node) => node.Next
        ?? (node.List == recent ? waiting.First : node.List == past && !HasHole ? recent.First ?? waiting.First : null);

    public bool IsBeforeHole(LinkedListNode<Entry> node) => node == past.Last && HasHole;

    public LinkedListNode<Entry> Append(Entry entry)
    {
        var node = recent.AddLast(entry);
        if (recent.Count > Limit)
        {
            if (Anchor?.List != past)
            {
                past.Clear(); // A hole would open above what is looked at.
            }

            Remove(recent.First!);
        }

        return node;
    }

    public LinkedListNode<Entry> Wait(Entry entry) => waiting.AddLast(entry);

    /// <summary>An own message has its place: what it is now follows what came before it.</summary>
    public void Settle(LinkedListNode<Entry> node, Entry settled)
    {
        var (isAnchor, place) = (Anchor == node, Append(settled));
        if (isAnchor)
        {
            Anchor = place;
        }

        Remove(node);
    }

    /// <summary>Takes older messages, oldest first, which end just before the oldest one that is here.</summary>
    public void Prepend(IReadOnlyList<Entry> older)
    {
        for (var i = older.Count - 1; i >= 0; i--)
        {
            if (past.Count >= Limit && Anchor?.List != past)
            {
                return;
            }

            past.AddFirst(older[i]);
            if (past.Count > Limit)
            {
                Remove(past.Last!);
            }
        }
    }

    /// <summary>Takes messages of the hole, oldest first, which begin just after the past.</summary>
    public void Extend(IReadOnlyList<Entry> newer)
    {
        foreach (var entry in newer)
        {
            if (!HasHole)
            {
                return;
            }

            past.AddLast(entry);
            if (past.Count > Limit)
            {
                Remove(past.First!);
            }
        }
    }

    /// <summary>Back to the newest; what was read back is kept where nothing is missing between.</summary>
    public void Follow()
    {
        (Anchor, Hidden) = (null, 0);
        if (HasHole)
        {
            past.Clear();
        }
    }

    /// <summary>Back to the newest; what was read back is not kept.</summary>
    public void ForgetPast()
    {
        Follow();
        past.Clear();
    }

    /// <summary>Forgets all but the own messages that wait.</summary>
    public void Clear()
    {
        ForgetPast();
        recent.Clear();
    }

    public void Remove(LinkedListNode<Entry> node)
    {
        if (Anchor == node)
        {
            (Anchor, Hidden) = (Below(node) ?? Above(node), 0);
        }

        node.List!.Remove(node);
    }
}
