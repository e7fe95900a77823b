using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// The user's own messages of a room until they are delivered: shown at once as pending, ticked when they are stored,
/// and moved to their place when they arrive like everybody's. An answer may arrive before the outbox has returned the
/// client offset; it is kept until then.
/// </summary>
internal sealed class OwnMessages(Timeline timeline)
{
    private readonly Dictionary<string, LinkedListNode<Entry>> byClientOffset = [];
    private readonly Dictionary<Entry, LinkedListNode<Entry>> withoutClientOffset = [];
    private readonly Dictionary<string, ChatEvent> earlyAnswers = [];
    private readonly Queue<Entry> inOrder = new();

    /// <summary>The number of messages without an answer.</summary>
    public int Unanswered { get; private set; }

    /// <summary>Shows a message that is being sent.</summary>
    public void Send(Entry entry)
    {
        Unanswered++;
        withoutClientOffset[entry] = timeline.AppendPending(entry);
        inOrder.Enqueue(entry);
    }

    /// <summary>Shows an unanswered message of an earlier process.</summary>
    public void AddPending(Entry entry)
    {
        if (byClientOffset.ContainsKey(entry.ClientOffset!))
        {
            return;
        }

        Unanswered++;
        byClientOffset[entry.ClientOffset!] = timeline.AppendPending(entry);
        inOrder.Enqueue(entry);
    }

    /// <summary>The outbox has taken a message. Returns the answer, if it has arrived already.</summary>
    public ChatEvent? SetClientOffset(Entry entry, string clientOffset)
    {
        if (!withoutClientOffset.Remove(entry, out var node))
        {
            return null;
        }

        entry.ClientOffset = clientOffset;
        byClientOffset[clientOffset] = node;
        earlyAnswers.Remove(clientOffset, out var answer);
        ForgetEarlyAnswers();
        return answer;
    }

    /// <summary>
    /// A message has arrived. Returns the pending entry that it settles; null if it was not sent here.
    /// </summary>
    public LinkedListNode<Entry>? Receive(MessageReceived received, bool isOwn)
    {
        var node = Take(received.Message.ClientOffset);
        if (node is null && isOwn)
        {
            KeepEarlyAnswer(received.Message.ClientOffset, received);
        }

        // Stored messages before this one have arrived before it, or were stored before the room was joined.
        while (node?.Previous is { Value.Delivery: Delivery.Stored } earlier)
        {
            Drop(earlier);
        }

        return node;
    }

    /// <summary>Marks the message with this client offset as stored, and returns it; null if there is none.</summary>
    public LinkedListNode<Entry>? Take(string clientOffset)
    {
        if (!byClientOffset.Remove(clientOffset, out var node))
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

    /// <summary>
    /// Marks the message, and all that were sent before it, as stored, and returns it; null if there is none.
    /// </summary>
    public LinkedListNode<Entry>? Ack(MessageAcked acked)
    {
        if (!byClientOffset.TryGetValue(acked.ClientOffset, out var node))
        {
            KeepEarlyAnswer(acked.ClientOffset, acked);
            return null;
        }

        while (node.Value.Delivery == Delivery.Pending && inOrder.TryDequeue(out var entry))
        {
            Answer(entry, Delivery.Stored);
        }

        return node;
    }

    /// <summary>Removes the messages up to this one, which will not arrive, and returns them.</summary>
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

    /// <summary>Marks a message as refused by the service, and returns it; null if there is none.</summary>
    public LinkedListNode<Entry>? Refuse(MessageRefused refused, string reason)
    {
        if (!byClientOffset.Remove(refused.ClientOffset, out var node))
        {
            KeepEarlyAnswer(refused.ClientOffset, refused);
            return null;
        }

        Answer(node.Value, Delivery.Refused);
        node.Value.Reason = reason;
        return node;
    }

    /// <summary>
    /// Marks a message that the outbox did not take as refused, and returns it; null if there is none.
    /// </summary>
    public LinkedListNode<Entry>? RefuseUnsent(Entry entry, string reason)
    {
        if (!withoutClientOffset.Remove(entry, out var node))
        {
            return null;
        }

        ForgetEarlyAnswers();
        Answer(entry, Delivery.Refused);
        entry.Reason = reason;
        return node;
    }

    private void Drop(LinkedListNode<Entry> node)
    {
        byClientOffset.Remove(node.Value.ClientOffset ?? "");
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

    // Of an ack and the message itself, the message is kept.
    private void KeepEarlyAnswer(string clientOffset, ChatEvent answer)
    {
        if (withoutClientOffset.Count > 0
            && !(earlyAnswers.TryGetValue(clientOffset, out var known) && known is MessageReceived))
        {
            earlyAnswers[clientOffset] = answer;
        }
    }

    private void ForgetEarlyAnswers()
    {
        if (withoutClientOffset.Count == 0)
        {
            earlyAnswers.Clear();
        }
    }
}
