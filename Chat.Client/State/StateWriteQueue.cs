namespace GrpcChat.Client.State;

/// <summary>
/// The writes that wait for the next transaction. Whatever arrives while one is being committed goes into the next one;
/// writes that nobody waits for start one only after a delay.
/// </summary>
internal sealed class StateWriteQueue
{
    private readonly Lock gate = new();
    private List<StateWrite> writes = [];
    private Dictionary<string, Position> moves = [];
    private TaskCompletionSource any = NewSignal();
    private TaskCompletionSource urgent = NewSignal();
    private bool isComplete;

    /// <summary>Adds a write. After <see cref="Complete"/>, it fails unless nobody waits for it.</summary>
    public void Add(StateWrite write)
    {
        lock (gate)
        {
            if (!isComplete || write.IsLazy)
            {
                writes.Add(write);
                any.TrySetResult();
                if (write.IsUrgent)
                {
                    urgent.TrySetResult();
                }

                return;
            }
        }

        write.Fail(new ObjectDisposedException(nameof(ChatClient)));
    }

    /// <summary>Moves a position without a caller that waits; only the last one of a room is written.</summary>
    public void SetMove(string room, Position position)
    {
        lock (gate)
        {
            moves[room] = position;
            any.TrySetResult();
        }
    }

    /// <summary>Adds a write that makes earlier moves in its room pointless.</summary>
    public void Forget(string room)
    {
        lock (gate)
        {
            moves.Remove(room);
            Add(new ForgetWrite(room));
        }
    }

    /// <summary>Puts back what could not be written and nobody waits for, before everything that came since.</summary>
    public void PutBack(List<StateWrite> failed)
    {
        lock (gate)
        {
            writes.InsertRange(0, failed.Where(write => write is not LazyMoveWrite));
            foreach (var move in failed.OfType<LazyMoveWrite>())
            {
                moves.TryAdd(move.Room, move.Position); // A later one of the same room is further.
            }

            if (failed.Count > 0)
            {
                any.TrySetResult();
            }
        }
    }

    /// <summary>No more writes follow that anybody waits for.</summary>
    public void Complete()
    {
        lock (gate)
        {
            isComplete = true;
            any.TrySetResult();
            urgent.TrySetResult();
        }
    }

    /// <summary>Returns when there is an urgent write, or any write and the delay is over.</summary>
    public async Task WaitAsync(TimeSpan delay, TimeProvider time)
    {
        await any.Task.ConfigureAwait(false);
        if (!urgent.Task.IsCompleted)
        {
            await Task.WhenAny(urgent.Task, Task.Delay(delay, time)).ConfigureAwait(false);
        }
    }

    /// <summary>Takes all writes, in order, and says whether the queue is complete.</summary>
    public (Queue<StateWrite> Batch, bool IsLast) Take()
    {
        lock (gate)
        {
            var batch = new Queue<StateWrite>(writes);
            foreach (var (room, position) in moves)
            {
                batch.Enqueue(new LazyMoveWrite(room, position));
            }

            (writes, moves) = ([], []);
            if (!isComplete)
            {
                (any, urgent) = (NewSignal(), NewSignal());
            }

            return (batch, isComplete);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
