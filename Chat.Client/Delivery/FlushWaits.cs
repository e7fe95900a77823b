namespace GrpcChat.Client.Delivery;

/// <summary>
/// The flushes that wait, each for the messages that were given before it. The outbox's lock guards it.
/// </summary>
internal sealed class FlushWaits
{
    private readonly List<Flush> flushes = [];

    /// <summary>Waits for messages.</summary>
    /// <param name="lastTicket">Messages up to this ticket count.</param>
    /// <param name="count">How many of those have no answer yet, at least 1.</param>
    public Task Add(long lastTicket, int count)
    {
        var flush = new Flush(lastTicket, count);
        flushes.Add(flush);
        return flush.Done.Task;
    }

    /// <summary>A message has been answered, or has left the outbox without an answer.</summary>
    public void OnAnswered(long ticket)
    {
        foreach (var flush in flushes)
        {
            if (ticket <= flush.LastTicket && --flush.Left == 0)
            {
                flush.Done.TrySetResult();
            }
        }

        flushes.RemoveAll(flush => flush.Left == 0);
    }

    /// <summary>No more answers follow.</summary>
    public void Fail(Exception error)
    {
        foreach (var flush in flushes)
        {
            flush.Done.TrySetException(error);
            _ = flush.Done.Task.Exception; // The caller may have stopped waiting.
        }

        flushes.Clear();
    }

    private sealed class Flush(long lastTicket, int left)
    {
        public long LastTicket { get; } = lastTicket;

        public int Left { get; set; } = left;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
