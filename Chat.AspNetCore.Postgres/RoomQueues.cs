using System.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// The bounded queues between many streams and the rooms' writers: one writer for each room that has sends, one batch of a room at
/// a time.
/// </summary>
/// <param name="capacity">The most sends that may be in the log at once, queued or being stored.</param>
/// <param name="isKnown">Whether a room is known to exist. The others take turns, so that limits meet new rooms in their order.</param>
/// <param name="write">Writes a room's sends until there are none; must not throw.</param>
#pragma warning disable CA1001 // Not disposable: see places.
internal sealed class RoomQueues(int capacity, Func<string, bool> isKnown, Func<RoomQueue, Task> write)
#pragma warning restore CA1001
{
    // Never disposed of: a caller that waits for a place while the log is being closed would wait forever.
    private readonly SemaphoreSlim places = new(capacity);
    private readonly Lock gate = new();
    private readonly Dictionary<string, RoomQueue> busy = [];
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task lastNewRoom = Task.CompletedTask;
    private bool closed;

    /// <summary>The sends that are queued or being stored.</summary>
    public int Count => capacity - places.CurrentCount;

    /// <summary>Completes when the queues have been closed and everything in them has been written.</summary>
    public Task Drained => drained.Task;

    /// <summary>Waits for a place and queues the send. False if the queues have been closed.</summary>
    public async ValueTask<bool> EnqueueAsync(Append append, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        append.QueuedAt = Stopwatch.GetTimestamp();
        lock (gate)
        {
            if (!closed)
            {
                // Sends that cannot make their room take no turn. One that can follows them in a queue of its own, at its turn.
                var mayCreate = append is { Malformed: null, RefuseIfNew: null } && !isKnown(append.Room);
                if (busy.TryGetValue(append.Room, out var before) && !(mayCreate && before.HasNoTurn))
                {
                    before.Waiting.Enqueue(append);
                    return true;
                }

                var queue = new RoomQueue(append.Room)
                {
                    Before = before?.Writing ?? Task.CompletedTask,
                    MayCreate = mayCreate,
                    HasNoTurn = !mayCreate && !isKnown(append.Room),
                };
                if (mayCreate)
                {
                    (queue.Turn, lastNewRoom) = (lastNewRoom, queue.TurnEnded);
                }

                queue.Waiting.Enqueue(append);
                busy[append.Room] = queue;
                queue.Writing = Task.Run(() => write(queue), CancellationToken.None);
                return true;
            }
        }

        places.Release();
        return false;
    }

    /// <summary>The room's next sends; none = the writer ends, and a later send starts another.</summary>
    public List<Append> Take(RoomQueue queue, int most)
    {
        var batch = new List<Append>();
        lock (gate)
        {
            queue.BeginBatch();
            while (batch.Count < most && queue.Waiting.TryDequeue(out var append))
            {
                batch.Add(append);
            }

            if (batch.Count == 0)
            {
                if (busy[queue.Room] == queue)
                {
                    busy.Remove(queue.Room);
                }

                if (closed && busy.Count == 0)
                {
                    drained.TrySetResult();
                }
            }
        }

        return batch;
    }

    /// <summary>Takes everything that waits in a room whose batch does not end. Nobody waits for that batch any more, either.</summary>
    public List<Append> TakeWaiting(RoomQueue queue)
    {
        lock (gate)
        {
            queue.BeginBatch();
            List<Append> waiting = [.. queue.Waiting];
            queue.Waiting.Clear();
            return waiting;
        }
    }

    /// <summary>Frees the places of sends that have been answered.</summary>
    public void Release(int count)
    {
        if (count > 0)
        {
            places.Release(count);
        }
    }

    /// <summary>Completes when each room that is being written has ended its batch.</summary>
    public Task PingAsync()
    {
        lock (gate)
        {
            return Task.WhenAll(busy.Values.Select(queue => queue.BatchEnded));
        }
    }

    /// <summary>Accepts no more sends. The queued ones are still written.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            if (busy.Count == 0)
            {
                drained.TrySetResult();
            }
        }
    }
}

/// <summary>A room that has sends.</summary>
internal sealed class RoomQueue(string room)
{
    private TaskCompletionSource batch = NewBatch();
    private readonly TaskCompletionSource turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool hasBegun;

    public string Room { get; } = room;

    /// <summary>Under the lock of the queues.</summary>
    public Queue<Append> Waiting { get; } = [];

    /// <summary>The room's writer.</summary>
    public Task Writing { get; set; } = Task.CompletedTask;

    /// <summary>Whether none of its sends can make the room, which is not known to exist.</summary>
    public bool HasNoTurn { get; init; }

    /// <summary>Whether its first send may make the room, which is not known to exist.</summary>
    public bool MayCreate { get; init; }

    /// <summary>Earlier sends to the same room: to be awaited before anything else.</summary>
    public Task Before { get; init; } = Task.CompletedTask;

    /// <summary>To be awaited before the room is made.</summary>
    public Task Turn { get; set; } = Task.CompletedTask;

    /// <summary>Completes when the next new room may be made.</summary>
    public Task TurnEnded => turn.Task;

    /// <summary>Completes with the batch that is being stored, or with the first one.</summary>
    public Task BatchEnded => batch.Task;

    public void BeginBatch()
    {
        if (hasBegun)
        {
            batch.SetResult();
            batch = NewBatch();
        }

        hasBegun = true;
    }

    /// <summary>The room has been made, or is not going to be.</summary>
    public void EndTurn() => turn.TrySetResult();

    /// <summary>The room exists, so it needs no turn. Those after it wait for those before it.</summary>
    public void SkipTurn() => Turn.ContinueWith(_ => EndTurn(), TaskScheduler.Default);

    private static TaskCompletionSource NewBatch() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
