namespace Chat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// The bounded hand-over from many streams to the one writer: it takes in order, and the writer takes all that waits.
/// </summary>
/// <param name="capacity">At most so many appends are in the log at once, waiting or being stored.</param>
#pragma warning disable CA1001 // Not disposable: see places.
internal sealed class AppendQueue(int capacity)
#pragma warning restore CA1001
{
    // Never disposed of: whoever still waits for a place when the log is closed would wait for ever. It holds nothing
    // that has to be given back, as long as nobody asks for its wait handle.
    private readonly SemaphoreSlim places = new(capacity);
    private readonly object gate = new();
    private List<Append> waiting = [];
    private bool closed;

    /// <summary>Waits for a place and queues the append; false when the queue has been closed.</summary>
    public async ValueTask<bool> EnqueueAsync(Append append, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        lock (gate)
        {
            if (!closed)
            {
                waiting.Add(append);
                Monitor.Pulse(gate);
                return true;
            }
        }

        places.Release();
        return false;
    }

    /// <summary>
    /// Blocks the writer's thread until something waits, then swaps it for <paramref name="empty"/>. Returns null once
    /// the queue is closed and empty, and the empty list itself when nothing came within <paramref name="patience"/>.
    /// </summary>
    public List<Append>? Take(List<Append> empty, TimeSpan patience)
    {
        lock (gate)
        {
            while (waiting.Count == 0)
            {
                if (closed)
                {
                    return null;
                }

                if (!Monitor.Wait(gate, patience) && waiting.Count == 0 && !closed)
                {
                    return empty;
                }
            }

            var taken = waiting;
            waiting = empty;
            return taken;
        }
    }

    /// <summary>Gives back the places of appends that are done with.</summary>
    public void Release(int count)
    {
        if (count > 0)
        {
            places.Release(count);
        }
    }

    /// <summary>Takes nothing more; what waits is still handed out.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }
    }
}
