using System.Data.Common;

namespace GrpcChat.Client.State;

/// <summary>Something that is to be written.</summary>
internal abstract class StateWrite
{
    /// <summary>Nobody waits for it: it may be delayed, and is repeated if it fails.</summary>
    public virtual bool IsLazy => true;

    /// <summary>It must not be delayed.</summary>
    public virtual bool IsUrgent => !IsLazy;

    /// <summary>Adds its changes to a transaction.</summary>
    public abstract void AddTo(StateTransaction transaction);

    /// <summary>It is on stable storage.</summary>
    public virtual void Succeed()
    {
    }

    /// <summary>It is not written, and will not be.</summary>
    public virtual void Fail(Exception error)
    {
    }
}

internal sealed class AppendWrite(StoredMessage message) : StateWrite
{
    public StoredMessage Message { get; } = message;

    public override bool IsLazy => false;

    public override void AddTo(StateTransaction transaction) => transaction.Changes.Add(new MessageAddition(Message));
}

internal sealed class RemoveWrite(long sequence) : StateWrite
{
    public override void AddTo(StateTransaction transaction) => transaction.Changes.Add(new MessageRemoval(sequence));
}

internal sealed class RefuseWrite(long sequence, StoredRefusal refusal) : StateWrite
{
    public override void AddTo(StateTransaction transaction) =>
        transaction.Changes.Add(new MessageRefusal(sequence, refusal));
}

internal sealed class StartWrite(string room, Position position) : StateWrite
{
    public string Room { get; } = room;

    // Without it, the process after a crash would start elsewhere, and miss the messages in between.
    public override bool IsUrgent => true;

    public override void AddTo(StateTransaction transaction) => transaction.Set(Room, position);
}

internal sealed class ForgetWrite(string room) : StateWrite
{
    public override void AddTo(StateTransaction transaction) => transaction.Remove(room);
}

/// <summary>A move that nobody waits for. A later one of the same room replaces it.</summary>
internal sealed class LazyMoveWrite(string room, Position position) : StateWrite
{
    public string Room { get; } = room;

    public Position Position { get; } = position;

    public override void AddTo(StateTransaction transaction) => transaction.Move(Room, Position);
}

internal class MoveWrite(string room, Position position) : StateWrite
{
    private readonly TaskCompletionSource<bool> written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True if the position moved, false if it was there already.</summary>
    public Task<bool> Written => written.Task;

    public bool HasMoved { get; private set; }

    public override bool IsLazy => false;

    public string Room { get; } = room;

    public Position Position { get; } = position;

    public override void AddTo(StateTransaction transaction) => HasMoved = transaction.Move(Room, Position);

    public override void Succeed() => written.TrySetResult(HasMoved);

    public override void Fail(Exception error)
    {
        written.TrySetException(error);
        _ = written.Task.Exception; // The caller may have stopped waiting.
    }
}

/// <summary>A move with an effect of the application, in a transaction of its own.</summary>
internal sealed class EffectWrite(string room, Position position, Func<DbTransaction, Task> effect)
    : MoveWrite(room, position)
{
    public Func<DbTransaction, Task> Effect { get; } = effect;
}
