using Chat.Client.Delivery;
using Microsoft.Data.Sqlite;

namespace Chat.Client.State;

/// <summary>One thing to be written.</summary>
internal abstract class StateWrite
{
    /// <summary>Nobody waits for it: it may be written later, and is tried again where it fails.</summary>
    public virtual bool IsLazy => true;

    /// <summary>It is not to wait for others.</summary>
    public virtual bool IsUrgent => !IsLazy;

    public abstract void Apply(StateTables tables);

    /// <summary>It is written.</summary>
    public virtual void Succeed()
    {
    }

    /// <summary>It is not, and will not be.</summary>
    public virtual void Fail(Exception error)
    {
    }
}

internal sealed class AppendWrite(OutboxEntry entry, Action<OutboxEntry, Exception?> onStored) : StateWrite
{
    public override bool IsLazy => false;

    public override void Apply(StateTables tables) => tables.Append(entry);

    public override void Succeed() => onStored(entry, null);

    public override void Fail(Exception error) => onStored(entry, error);
}

internal sealed class RemoveWrite(OutboxEntry entry) : StateWrite
{
    public override void Apply(StateTables tables) => tables.Remove(entry);
}

internal sealed class RefuseWrite(OutboxEntry entry) : StateWrite
{
    public override void Apply(StateTables tables) => tables.Refuse(entry);
}

internal sealed class StartWrite(string room, Position position) : StateWrite
{
    public string Room { get; } = room;

    // Without it, a process that dies would begin elsewhere, and miss what is in between.
    public override bool IsUrgent => true;

    public override void Apply(StateTables tables) => tables.Start(Room, position);
}

internal sealed class ForgetWrite(string room) : StateWrite
{
    public override void Apply(StateTables tables) => tables.Forget(room);
}

internal class MoveWrite(string room, Position position, Action<string, Position> onMoved) : StateWrite
{
    private readonly TaskCompletionSource<bool> written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool moved;

    /// <summary>True when the position moved, false when it was there already.</summary>
    public Task<bool> Written => written.Task;

    public override bool IsLazy => false;

    public string Room { get; } = room;

    public Position Position { get; } = position;

    public override void Apply(StateTables tables) => moved = tables.Move(Room, Position);

    public override void Succeed()
    {
        if (moved)
        {
            onMoved(Room, Position);
        }

        written.TrySetResult(moved);
    }

    public override void Fail(Exception error)
    {
        written.TrySetException(error);
        _ = written.Task.Exception; // Whoever waited may have gone.
    }
}

/// <summary>A move with an effect of the application, in a transaction of its own.</summary>
internal sealed class EffectWrite(
    string room, Position position, Action<string, Position> onMoved, Func<SqliteConnection, SqliteTransaction, Task> effect)
    : MoveWrite(room, position, onMoved)
{
    /// <summary>Runs the effect where the position moves. Whatever the effect throws, the transaction is rolled back.</summary>
    public async Task ApplyAsync(StateTables tables, SqliteConnection connection, SqliteTransaction transaction)
    {
        if (!tables.IsMove(Room, Position))
        {
            return;
        }

        await effect(connection, transaction);
        Apply(tables);
    }
}
