using System.Text;

namespace Chat.Client.Delivery;

/// <summary>
/// The events that wait for the application. It is full from a number or size on, which its writers must ask for before
/// they add what a room goes on with; of other events the newest of a kind and room takes the place of those before it.
/// </summary>
internal sealed class EventQueue(int maxCount, int maxBytes, Action drained)
{
    private readonly Lock gate = new();
    private readonly Queue<ChatEvent> events = [];

    // While it is full, of each kind and room the newest.
    private readonly Dictionary<(Type, string), ChatEvent> newest = [];
    private TaskCompletionSource? waiter;
    private Exception? failure;
    private bool isComplete;
    private bool wasFull;
    private long bytes;

    /// <summary>True once it was filled, until the half has been taken.</summary>
    public bool IsFull
    {
        get
        {
            lock (gate)
            {
                return wasFull;
            }
        }
    }

    /// <summary>Adds an event of a joined room, or one whose place is bounded elsewhere.</summary>
    public void Add(ChatEvent happened)
    {
        lock (gate)
        {
            Enqueue(happened);
        }
    }

    /// <summary>Adds an event that stands for all of its kind before it, where there are too many.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="room">Its room; empty where it has none.</param>
    public void AddNewest(ChatEvent happened, string room)
    {
        lock (gate)
        {
            if (!wasFull)
            {
                Enqueue(happened);
            }
            else if (!isComplete)
            {
                newest[(happened.GetType(), room)] = happened;
            }
        }
    }

    /// <summary>No more events come; what is there is still handed out, and then the failure, if there is one.</summary>
    public void Complete(Exception? error)
    {
        lock (gate)
        {
            isComplete = true;
            failure ??= error;
            waiter?.TrySetResult();
        }
    }

    /// <summary>The next event; null where there is none any more. One at a time may wait.</summary>
    public async ValueTask<ChatEvent?> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ChatEvent? taken;
            Task? wait = null;
            bool isDrained;
            lock (gate)
            {
                taken = Dequeue();
                isDrained = wasFull && events.Count <= maxCount / 2 && bytes <= maxBytes / 2;
                if (isDrained)
                {
                    // Now, and not when nothing else is left, which may never be.
                    foreach (var happened in newest.Values)
                    {
                        events.Enqueue(happened);
                    }

                    newest.Clear();
                    wasFull = events.Count >= maxCount;
                }

                if (taken is null)
                {
                    if (isComplete)
                    {
                        return failure is null ? null : throw failure;
                    }

                    waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    wait = waiter.Task;
                }
            }

            if (isDrained)
            {
                drained();
            }

            if (taken is not null)
            {
                return taken;
            }

            await wait!.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static int SizeOf(ChatEvent happened) =>
        happened is MessageReceived { Message: var message } ? Encoding.UTF8.GetMaxByteCount(message.Text.Length) / 3 : 0;

    private void Enqueue(ChatEvent happened)
    {
        if (isComplete)
        {
            return;
        }

        events.Enqueue(happened);
        bytes += SizeOf(happened);
        wasFull |= events.Count >= maxCount || bytes >= maxBytes;
        waiter?.TrySetResult();
    }

    private ChatEvent? Dequeue()
    {
        if (events.TryDequeue(out var taken))
        {
            bytes -= SizeOf(taken);
        }

        return taken;
    }
}
