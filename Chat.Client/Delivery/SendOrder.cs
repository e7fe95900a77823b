using GrpcChat.V1;

namespace GrpcChat.Client.Delivery;

/// <summary>
/// The messages that may be sent, in their order, and how far the current stream is with them. The outbox's lock guards
/// it.
/// </summary>
internal sealed class SendOrder
{
    private readonly LinkedList<OutboxEntry> entries = [];
    private readonly Dictionary<OutboxEntry, LinkedListNode<OutboxEntry>> nodes = [];
    private LinkedListNode<OutboxEntry>? next;

    public IEnumerable<OutboxEntry> Entries => entries;

    public void Add(OutboxEntry entry)
    {
        var node = entries.AddLast(entry);
        nodes.Add(entry, node);
        next ??= node;
    }

    /// <summary>False if it is not here (yet), so it has not been sent.</summary>
    public bool Remove(OutboxEntry entry)
    {
        if (!nodes.Remove(entry, out var node))
        {
            return false;
        }

        if (next == node)
        {
            next = node.Next;
        }

        entries.Remove(node);
        return true;
    }

    /// <summary>A new stream starts with the first message.</summary>
    public void Rewind() => next = entries.First;

    /// <summary>Adds what is to be sent next to a request, up to about this size. False if there is nothing.</summary>
    public bool Fill(ChatRequest request, int maxBytes)
    {
        var size = 0;
        while (next is { } node && (size == 0 || size + node.Value.Send.CalculateSize() < maxBytes))
        {
            size += node.Value.Send.CalculateSize();
            request.Sends.Add(node.Value.Send);
            next = node.Next;
        }

        return size > 0;
    }
}
