using Chat.Client;

namespace Chat.ConsoleClient.Screen;

/// <summary>
/// The own messages of a room on their way: shown at once, ticked when they are stored, and in their place when they come
/// back as everybody's. An answer may be here before the outbox has told the key; it is kept until then.
/// </summary>
internal sealed class OwnMessages(Timeline timeline)
{
    private readonly Dictionary<string, LinkedListNode<Entry>> byKey = [];
    private readonly Dictionary<Entry, LinkedListNode<Entry>> withoutKey = [];
    private readonly Dictionary<string, ChatEvent> early = [];
    private readonly Queue<Entry> inOrder = new();

    /// <summary>How many have no answer.</summary>
    public int Unanswered { get; private set; }

    public void Send(Entry entry)
    {
        Unanswered++;
        withoutKey[entry] = timeline.Wait(entry);
        inOrder.Enqueue(entry);
    }

    /// <summary>One that an earlier process has sent, and that has no answer.</summary>
    public void Wait(Entry entry)
    {
        if (byKey.ContainsKey(entry.Key!))
        {
            return;
        }

        Unanswered++;
        byKey[entry.Key!] = timeline.Wait(entry);
        inOrder.Enqueue(entry);
    }

    /// <summary>The outbox has taken it under this key. Returns the answer, if that was faster.</summary>
    public ChatEvent? Enqueued(Entry entry, string key)
    {
        if (!withoutKey.Remove(entry, out var node))
        {
            return null;
        }

        entry.Key = key;
        byKey[key] = node;
        early.Remove(key, out var answer);
        if (withoutKey.Count == 0)
        {
            early.Clear();
        }

        return answer;
    }

    /// <summary>It came back. Returns where it waits, to be settled; null where it is nothing that was sent here.</summary>
    public LinkedListNode<Entry>? Receive(MessageReceived received, bool isOwn)
    {
        var node = Take(received.Message.ClientOffset);
        if (node is null && isOwn)
        {
            Keep(received.Message.ClientOffset, received);
        }

        // Those before it came back before it, or were stored before the room was joined.
        while (node?.Previous is { Value.Delivery: Delivery.Stored } earlier)
        {
            Drop(earlier);
        }

        return node;
    }

    /// <summary>What waits under a key, which is stored and waits no longer; null where nothing does.</summary>
    public LinkedListNode<Entry>? Take(string key)
    {
        if (!byKey.Remove(key, out var node))
        {
            return null;
        }

        Answer(node.Value, Delivery.Stored);
        while (inOrder.TryPeek(out var first) && first.Delivery != Delivery.Pending)
        {
            inOrder.Dequeue();
        }

        return node;
    }

    /// <summary>It is stored, and so are those that were sent before it. Returns it, to be shown as that.</summary>
    public LinkedListNode<Entry>? Ack(MessageAcked acked)
    {
        if (!byKey.TryGetValue(acked.ClientOffset, out var node))
        {
            Keep(acked.ClientOffset, acked);
            return null;
        }

        while (node.Value.Delivery == Delivery.Pending && inOrder.TryDequeue(out var entry))
        {
            Answer(entry, Delivery.Stored);
        }

        return node;
    }

    /// <summary>Takes those away that are stored, up to this one; they will not come back. Returns them.</summary>
    public List<Entry> DropUpTo(LinkedListNode<Entry> last)
    {
        var dropped = new List<Entry>();
        for (var node = last.List?.First; node is not null && dropped.LastOrDefault() != last.Value;)
        {
            var next = node.Next;
            dropped.Add(node.Value);
            Drop(node);
            node = next;
        }

        return dropped;
    }

    /// <summary>It is not stored and never will be. Returns it.</summary>
    public LinkedListNode<Entry>? Refuse(string key, string reason, ChatEvent? refused = null)
    {
        if (!byKey.Remove(key, out var node))
        {
            if (refused is not null)
            {
                Keep(key, refused);
            }

            return null;
        }

        Answer(node.Value, Delivery.Refused);
        node.Value.Reason = reason;
        return node;
    }

    /// <summary>The outbox has not taken it. Returns it.</summary>
    public LinkedListNode<Entry>? NotEnqueued(Entry entry, string reason)
    {
        if (!withoutKey.Remove(entry, out var node))
        {
            return null;
        }

        if (withoutKey.Count == 0)
        {
            early.Clear();
        }

        Answer(entry, Delivery.Refused);
        entry.Reason = reason;
        return node;
    }


    private void Drop(LinkedListNode<Entry> node)
    {
        byKey.Remove(node.Value.Key ?? "");
        timeline.Remove(node);
    }

    private void Answer(Entry entry, Delivery delivery)
    {
        if (entry.Delivery != Delivery.Pending)
        {
            return;
        }

        entry.Delivery = delivery;
        Unanswered--;
    }

    // Only while a key is missing.
    private void Keep(string key, ChatEvent answer)
    {
        if (withoutKey.Count > 0 && !(early.TryGetValue(key, out var known) && known is MessageReceived))
        {
            early[key] = answer;
        }
    }
}
