using System.Text;

namespace GrpcChat.Client.Delivery;

/// <summary>
/// The events that wait for the application. From a number or size on, it is full: the rooms must then pause, and of
/// other events, the newest of each kind and room replaces those before it.
/// </summary>
/// <param name="maxCount">The number of events at which it is full.</param>
/// <param name="maxBytes">The size of their texts at which it is full.</param>
/// <param name="drained">Set when it is not full any more.</param>
internal sealed class EventQueue(int maxCount, int maxBytes, WakeSignal drained)
{
    private readonly Lock gate = new();
    private readonly Queue<ChatEvent> events = [];

    // While it is full, the newest of each kind and room.
    private readonly Dictionary<(Type, string), ChatEvent> newest = [];
    private TaskCompletionSource? waiter;
    private Exception? failure;
    private bool isComplete;
    private bool wasFull;
    private long bytes;

    /// <summary>True from when it was filled until half of it has been taken.</summary>
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

    /// <summary>Adds an event of a joined room, or one whose number is bounded elsewhere.</summary>
    public void Add(ChatEvent happened)
    {
        lock (gate)
        {
            Enqueue(happened);
        }
    }

    /// <summary>Adds an event that replaces earlier ones of its kind if the queue is full.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="room">Its room; empty if it has none.</param>
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

    /// <summary>
    /// No more events follow. Those in the queue can still be taken, and then the failure, if there is one.
    /// </summary>
    public void Complete(Exception? error)
    {
        lock (gate)
        {
            isComplete = true;
            failure ??= error;
            waiter?.TrySetResult();
        }
    }

    /// <summary>The next event; null if no more follow. Only one caller at a time may wait.</summary>
    public async ValueTask<ChatEvent?> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ChatEvent? taken;
            Task? wait = null;
            lock (gate)
            {
                taken = Dequeue();
                if (wasFull && events.Count <= maxCount / 2 && bytes <= maxBytes / 2)
                {
                    // Now, and not when the queue is empty, which may never happen.
                    foreach (var happened in newest.Values)
                    {
                        events.Enqueue(happened);
                    }

                    newest.Clear();
                    wasFull = events.Count >= maxCount;
                    drained.Set();
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

            if (taken is not null)
            {
                return taken;
            }

            await wait!.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static int SizeOf(ChatEvent happened) =>
        happened is MessageReceived { Message: var message }
            ? Encoding.UTF8.GetMaxByteCount(message.Text.Length) / 3
            : 0;

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
