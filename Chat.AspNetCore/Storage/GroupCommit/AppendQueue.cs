using System.Diagnostics;

namespace GrpcChat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// The bounded queue between many streams and the one writer. Streams enqueue one append at a time; the writer takes
/// everything that is queued.
/// </summary>
/// <param name="capacity">The most appends that may be in the log at once, queued or being stored.</param>
#pragma warning disable CA1001 // Not disposable: see places.
internal sealed class AppendQueue(int capacity)
#pragma warning restore CA1001
{
    // Never disposed of: a caller that waits for a place while the log is being closed would wait forever. The
    // semaphore holds no resource as long as nobody asks for its wait handle.
    private readonly SemaphoreSlim places = new(capacity);
    private readonly object gate = new();
    private List<Append> queued = [];
    private TaskCompletionSource? ping;
    private bool woken;
    private bool closed;

    /// <summary>The appends that are queued or being stored.</summary>
    public int Count => capacity - places.CurrentCount;

    /// <summary>Waits for a place and queues the append. False if the queue has been closed.</summary>
    public async ValueTask<bool> EnqueueAsync(Append append, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        append.QueuedAt = Stopwatch.GetTimestamp();
        lock (gate)
        {
            if (!closed)
            {
                queued.Add(append);
                Monitor.Pulse(gate);
                return true;
            }
        }

        places.Release();
        return false;
    }

    /// <summary>
    /// Blocks the writer's thread until something is queued, and exchanges the queued appends for
    /// <paramref name="empty"/>. Returns <paramref name="empty"/> itself if nothing was queued within
    /// <paramref name="timeout"/> or the writer was woken, and null once the queue is closed and empty.
    /// </summary>
    public List<Append>? Take(List<Append> empty, TimeSpan timeout)
    {
        lock (gate)
        {
            AnswerPing();
            while (queued.Count == 0)
            {
                if (closed)
                {
                    return null;
                }

                var timedOut = !woken && !Monitor.Wait(gate, timeout);
                AnswerPing();
                if ((timedOut || woken) && queued.Count == 0 && !closed)
                {
                    woken = false;
                    return empty;
                }
            }

            var taken = queued;
            queued = empty;
            return taken;
        }
    }

    /// <summary>Frees the places of appends that have been answered.</summary>
    public void Release(int count)
    {
        if (count > 0)
        {
            places.Release(count);
        }
    }

    /// <summary>Makes the writer look around, although nothing is queued.</summary>
    public void Wake()
    {
        lock (gate)
        {
            woken = true;
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Completes the next time the writer waits for appends or takes some, or when the queue is closed.</summary>
    public Task PingAsync()
    {
        lock (gate)
        {
            if (closed)
            {
                return Task.CompletedTask;
            }

            ping ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Monitor.Pulse(gate);
            return ping.Task;
        }
    }

    /// <summary>Accepts no more appends. The queued ones can still be taken.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }
    }

    private void AnswerPing()
    {
        ping?.SetResult();
        ping = null;
    }
}
