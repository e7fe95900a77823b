namespace GrpcChat.Client.Delivery;

/// <summary>
/// The bounded places of the outbox, and the calls that wait for one, in the order of the calls. The outbox's lock
/// guards it.
/// </summary>
internal sealed class OutboxPlaces(int maxCount, long maxBytes)
{
    private readonly LinkedList<Submission> line = [];
    private long bytes;

    /// <summary>Places that are taken.</summary>
    public int Count { get; private set; }

    /// <summary>Calls that wait for a place.</summary>
    public int Waiting => line.Count;

    public void Take(int size)
    {
        Count++;
        bytes += size;
    }

    public void Release(int size)
    {
        Count--;
        bytes -= size;
    }

    /// <summary>True if nobody waits and there is a place.</summary>
    public bool HasPlaceFor(Submission newcomer) => line.Count == 0 && Fits(newcomer);

    public LinkedListNode<Submission> Enqueue(Submission newcomer) => line.AddLast(newcomer);

    /// <summary>Takes the first waiting call that now has a place; null if there is none.</summary>
    public Submission? Dequeue()
    {
        if (line.First is not { Value: var first } || !Fits(first))
        {
            return null;
        }

        line.RemoveFirst();
        return first;
    }

    /// <summary>Removes a waiting call. False if it does not wait any more.</summary>
    public bool Remove(LinkedListNode<Submission> node)
    {
        if (node.List is null)
        {
            return false;
        }

        line.Remove(node);
        return true;
    }

    /// <summary>Removes all waiting calls.</summary>
    public List<Submission> Clear()
    {
        List<Submission> all = [.. line];
        line.Clear();
        return all;
    }

    // A message that is larger than the whole outbox has a place when the outbox is empty.
    private bool Fits(Submission newcomer) => Count == 0 || (Count < maxCount && bytes + newcomer.Bytes <= maxBytes);
}
