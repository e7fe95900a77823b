using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace GrpcChat.Client.State;

/// <summary>
/// Commits batches of writes: as many as possible in one transaction, and each effect in one of its own, so that it
/// fails alone. It is used by one loop.
/// </summary>
internal sealed class StateCommitter(ClientState state)
{
    private readonly AsyncLocal<EffectScope?> effectScope = new();
    private readonly Dictionary<string, Position> stored = state.Positions.ToDictionary(
        position => position.Room, position => new Position(0, position.LogId, position.Id));

    // Rooms in which an effect has failed, with its position.
    private readonly Dictionary<string, Position> failedEffects = [];

    /// <summary>The caller runs within an effect.</summary>
    public bool IsInEffect => effectScope.Value is { IsOver: false };

    /// <summary>Commits a batch; all of its writes succeed or fail, except those that are returned.</summary>
    /// <param name="batch">The writes, in order.</param>
    /// <param name="succeeded">Called for each write that is on stable storage, in order.</param>
    /// <param name="failed">Called for each write that failed and that a caller waits for.</param>
    /// <returns>What went wrong, or null; and the writes that are to be repeated.</returns>
    public async Task<(ChatStateException? Problem, List<StateWrite> Repeat)> CommitAsync(
        Queue<StateWrite> batch, Action<StateWrite> succeeded, Action<StateWrite, Exception> failed)
    {
        while (batch.Count > 0)
        {
            var writes = TakeTransaction(batch, failed);
            if (writes is [EffectWrite effect])
            {
                try
                {
                    await CommitEffectAsync(effect).ConfigureAwait(false);
                }
                catch (Exception error)
                {
                    // The application's own exception, or it could not be committed: the caller is told which.
                    failedEffects[effect.Room] = effect.Position;
                    failed(effect, error);
                    continue;
                }
            }
            else if (writes.Count > 0)
            {
                try
                {
                    await CommitAsync(writes).ConfigureAwait(false);
                }
                catch (Exception error)
                {
                    // What follows must not be written without these: an effect would not find its position, for
                    // example.
                    var problem = error as ChatStateException
                        ?? new ChatStateException($"the state could not be written: {error.Message}", error);
                    List<StateWrite> all = [.. writes, .. batch];
                    all.ForEach(write => Fail(write, problem));
                    return (problem, all.FindAll(write => write.IsLazy));
                }
            }

            foreach (var write in writes)
            {
                if (((write as MoveWrite)?.Room ?? (write as StartWrite)?.Room) is { } room)
                {
                    failedEffects.Remove(room);
                }

                succeeded(write);
            }
        }

        return (null, []);

        void Fail(StateWrite write, Exception error)
        {
            if (!write.IsLazy)
            {
                failed(write, error);
            }
        }
    }

    private List<StateWrite> TakeTransaction(Queue<StateWrite> batch, Action<StateWrite, Exception> failed)
    {
        var writes = new List<StateWrite>();
        while (batch.TryPeek(out var next) && (writes.Count == 0 || next is not EffectWrite))
        {
            batch.Dequeue();
            if (next is MoveWrite move && IsAfterFailedEffect(move, out var why))
            {
                failed(move, why);
                continue;
            }

            writes.Add(next);
            if (next is EffectWrite)
            {
                break;
            }
        }

        return writes;
    }

    // A later move would take the position past an effect that has not happened, and it never would happen.
    private bool IsAfterFailedEffect(MoveWrite move, [NotNullWhen(true)] out ChatStateException? why)
    {
        why = failedEffects.TryGetValue(move.Room, out var last) && last.IsBefore(move.Position)
            ? new ChatStateException(
                $"the effect of message {last.Id} in room '{move.Room}' failed; commit that message first, with its "
                    + "effect or, to skip it, without")
            : null;
        return why is not null;
    }

    private async Task CommitAsync(List<StateWrite> writes)
    {
        var transaction = new StateTransaction(stored);
        writes.ForEach(write => write.AddTo(transaction));
        if (transaction.Changes.Count > 0)
        {
            await state.CommitAsync(transaction.Changes, effect: null).ConfigureAwait(false);
            transaction.Commit();
        }
    }

    private async Task CommitEffectAsync(EffectWrite write)
    {
        var transaction = new StateTransaction(stored);
        write.AddTo(transaction);
        if (write.HasMoved)
        {
            await state.CommitAsync(transaction.Changes, database => RunAsync(write.Effect, database))
                .ConfigureAwait(false);
            transaction.Commit();
        }
    }

    private async Task RunAsync(Func<DbTransaction, Task> effect, DbTransaction database)
    {
        var scope = new EffectScope();
        effectScope.Value = scope;
        try
        {
            await effect(database).ConfigureAwait(false);
        }
        finally
        {
            // Tasks that the effect has left behind are not part of it any more.
            scope.IsOver = true;
        }
    }

    private sealed class EffectScope
    {
        private volatile bool isOver;

        public bool IsOver
        {
            get => isOver;
            set => isOver = value;
        }
    }
}
