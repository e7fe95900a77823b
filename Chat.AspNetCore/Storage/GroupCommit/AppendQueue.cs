using System.Diagnostics;

namespace GrpcChat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// The bounded queue between many streams and the one writer. Streams enqueue one append at a time; the writer takes
/// everything that is queued. Beside the appends there is a place for one step: other work for the writer's thread. The writer
/// takes at most one step with each batch, so steps and sends take turns, and neither waits for all of the other.
/// </summary>
/// <param name="capacity">The most appends that may be in the log at once, queued or being stored.</param>
#pragma warning disable CA1001 // Not disposable: see places.
internal sealed class AppendQueue(int capacity)
#pragma warning restore CA1001
{
    // Never disposed of: a caller that waits for a place while the log is being closed would wait forever. The
    // semaphore holds no resource as long as nobody asks for its wait handle.
    private readonly SemaphoreSlim places = new(capacity);

    // First come, first served.
    private readonly SemaphoreSlim stepPlace = new(1);
    private readonly object gate = new();
    private List<Append> queued = [];
    private WriterStep? step;
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
    /// <paramref name="empty"/>. Returns <paramref name="empty"/> itself if there is only a step, or if nothing was queued
    /// within <paramref name="timeout"/> or the writer was woken, and null once the queue is closed and empty.
    /// </summary>
    /// <param name="empty">An empty list.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="taken">The step to run after the appends, if there is one.</param>
    public List<Append>? Take(List<Append> empty, TimeSpan timeout, out WriterStep? taken)
    {
        taken = null;
        lock (gate)
        {
            while (queued.Count == 0 && step is null)
            {
                if (closed)
                {
                    return null;
                }

                var timedOut = !woken && !Monitor.Wait(gate, timeout);
                if ((timedOut || woken) && queued.Count == 0 && step is null && !closed)
                {
                    woken = false;
                    return empty;
                }
            }

            (taken, step) = (step, null);
            (var appends, queued) = (queued, empty);
            return appends;
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

    /// <summary>Waits for the place of a step, and then for the writer, which runs it.</summary>
    /// <param name="step">The step.</param>
    /// <param name="cancellation">Cancels the wait for the place. A step that has it is not withdrawn.</param>
    /// <exception cref="StoreUnavailableException">The queue has been closed.</exception>
    public async Task<T> RunAsync<T>(WriterStep<T> step, CancellationToken cancellation)
    {
        await stepPlace.WaitAsync(cancellation);
        try
        {
            lock (gate)
            {
                if (closed)
                {
                    throw Closed();
                }

                this.step = step;
                Monitor.Pulse(gate);
            }

            return await step.Result;
        }
        finally
        {
            stepPlace.Release();
        }
    }

    /// <summary>Accepts no more, and fails the step that waits. The queued appends can still be taken.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            step?.Fail(Closed());
            step = null;
            Monitor.Pulse(gate);
        }
    }

    private static StoreUnavailableException Closed() => new("the log is closed");
}
