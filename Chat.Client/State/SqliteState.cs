using System.Diagnostics.CodeAnalysis;
using Chat.Client.Delivery;
using Microsoft.Data.Sqlite;

namespace Chat.Client.State;

/// <summary>
/// Keeps everything in a state file. One loop writes what has come together since the last write in one transaction, with
/// one sync of the disk; what nobody waits for goes with it, or a moment later.
/// </summary>
internal sealed class SqliteState : IClientState
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly StateFile file;
    private readonly StateTables tables;
    private readonly Action<string> notWritten;
    private readonly ChatClientOptions options;
    private readonly Task writing;

    // What is to be written next, in order; and positions that the application moves with each event, of each room the last.
    private List<StateWrite> writes = [];
    private Dictionary<string, Position> moves = [];

    // Where a room goes on that is joined: of an earlier process, or of this one, where the service took the room away.
    private readonly Dictionary<string, Position> positions;
    // The loop's: rooms in which an effect has failed, and where.
    private readonly Dictionary<string, Position> failed = [];
    private TaskCompletionSource urgent = NewSignal();
    private TaskCompletionSource any = NewSignal();
    private Action<OutboxEntry, Exception?> onStored = (_, _) => { };
    private bool isClosing;

    private SqliteState(StateFile file, ChatClientOptions options, Action<string> notWritten)
    {
        this.file = file;
        this.options = options;
        this.notWritten = notWritten;
        tables = new StateTables(file.Connection);
        (Kept, positions) = tables.Load();
        writing = Task.Run(WriteAsync);
    }

    public IReadOnlyList<OutboxEntry> Kept { get; }

    /// <param name="options">The file, and whom it belongs to.</param>
    /// <param name="notWritten">Told, in a sentence, why writes fail that nobody waits for.</param>
    /// <exception cref="ChatStateException">The file can't be used; it was not changed.</exception>
    public static SqliteState Open(ChatClientOptions options, Action<string> notWritten)
    {
        var file = StateFile.Open(options.StatePath!, ServiceOf(options), options.User);
        try
        {
            return new SqliteState(file, options, notWritten);
        }
        catch (SqliteException error)
        {
            file.Dispose();
            throw new ChatStateException($"cannot open the state file {file.Path}: {StateFile.Describe(error)}", error);
        }
    }

    public void OnStored(Action<OutboxEntry, Exception?> stored) => onStored = stored;

    public Position? PositionOf(string room)
    {
        lock (gate)
        {
            return positions.TryGetValue(room, out var position) ? position : null;
        }
    }

    public void Append(OutboxEntry entry) => Add(new AppendWrite(entry, onStored));

    public void Remove(OutboxEntry entry) => Add(new RemoveWrite(entry));

    public void Refuse(OutboxEntry entry) => Add(new RefuseWrite(entry));

    public void Start(string room, Position position)
    {
        lock (gate)
        {
            positions[room] = position;
            Add(new StartWrite(room, position));
        }
    }

    public void Forget(string room)
    {
        lock (gate)
        {
            moves.Remove(room);
            positions.Remove(room);
            Add(new ForgetWrite(room));
        }
    }

    public void Move(string room, Position position)
    {
        lock (gate)
        {
            moves[room] = position;
            OnMoved(room, position);
            any.TrySetResult();
        }
    }

    public Task<bool> MoveAsync(string room, Position position) => Add(new MoveWrite(room, position, OnMoved)).Written;

    public Task<bool> MoveAsync(string room, Position position, Func<SqliteConnection, SqliteTransaction, Task> effect) =>
        Add(new EffectWrite(room, position, OnMoved, effect)).Written;

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isClosing = true;
            any.TrySetResult();
            urgent.TrySetResult();
        }

        await writing.ConfigureAwait(false);
        file.Dispose();
    }

    // However the address is written.
    private static string ServiceOf(ChatClientOptions options) => new Uri(options.Addresses[0]).GetLeftPart(UriPartial.Authority);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void OnMoved(string room, Position position)
    {
        lock (gate)
        {
            if (positions.TryGetValue(room, out var last) && last.IsBefore(position))
            {
                positions[room] = position;
            }
        }
    }

    private T Add<T>(T write)
        where T : StateWrite
    {
        lock (gate)
        {
            if (isClosing && !write.IsLazy)
            {
                write.Fail(new ObjectDisposedException(nameof(ChatClient)));
                return write;
            }

            writes.Add(write);
            any.TrySetResult();
            if (write.IsUrgent)
            {
                urgent.TrySetResult();
            }
        }

        return write;
    }

    private async Task WriteAsync()
    {
        string? said = null;
        while (true)
        {
            await any.Task;
            if (!urgent.Task.IsCompleted)
            {
                await Task.WhenAny(urgent.Task, Task.Delay(said is null ? options.LazyWriteDelay : RetryDelay, options.TimeProvider));
            }

            var (batch, isLast) = Swap();
            var problem = await WriteAsync(batch);
            if (problem is not null && problem != said)
            {
                notWritten(problem);
            }

            said = problem;
            if (isLast)
            {
                return;
            }
        }
    }

    private (Queue<StateWrite> Batch, bool IsLast) Swap()
    {
        lock (gate)
        {
            var batch = new Queue<StateWrite>(writes);
            foreach (var (room, position) in moves)
            {
                batch.Enqueue(new LazyMove(room, position));
            }

            (writes, moves) = ([], []);
            if (!isClosing)
            {
                (any, urgent) = (NewSignal(), NewSignal());
            }

            return (batch, isClosing);
        }
    }

    // What is wrong, where something is. An effect has a transaction of its own, and everything before it comes before.
    private async Task<string?> WriteAsync(Queue<StateWrite> batch)
    {
        string? problem = null;
        while (batch.Count > 0)
        {
            var together = new List<StateWrite>();
            while (batch.TryPeek(out var next) && (together.Count == 0 || next is not EffectWrite))
            {
                batch.Dequeue();
                if (next is MoveWrite move && IsAfterFailure(move, out var why))
                {
                    move.Fail(why);
                    continue;
                }

                together.Add(next);
                if (next is EffectWrite)
                {
                    break;
                }
            }

            if (together.Count == 0)
            {
                continue;
            }

            try
            {
                await CommitAsync(together);
                together.ForEach(write => write.Succeed());
                foreach (var room in together.Select(write => (write as MoveWrite)?.Room ?? (write as StartWrite)?.Room))
                {
                    failed.Remove(room ?? "");
                }
            }
            catch (SqliteException error) when (together is not [EffectWrite])
            {
                // What comes after it must not be written without it: an effect would find no position, for one.
                problem = Fail([.. together, .. batch], error);
                batch.Clear();
            }
            catch (Exception error)
            {
                // The effect's own: it was rolled back, and its caller is told what it threw.
                together.ForEach(write => write.Fail(error));
                if (together is [EffectWrite effect])
                {
                    failed[effect.Room] = effect.Position;
                }
            }
        }

        return problem;
    }

    // A later move would take the position past an effect that has not happened, and it never would.
    private bool IsAfterFailure(MoveWrite move, [NotNullWhen(true)] out ChatStateException? why)
    {
        why = failed.TryGetValue(move.Room, out var last) && last.IsBefore(move.Position)
            ? new ChatStateException($"the effect of message {last.Id} of room '{move.Room}' has failed; ack that one first, without an effect to skip it")
            : null;
        return why is not null;
    }

    private async Task CommitAsync(List<StateWrite> together)
    {
        tables.Begin();
        try
        {
            if (together is [EffectWrite effect])
            {
                await effect.ApplyAsync(tables, file.Connection, tables.Transaction!);
            }
            else
            {
                together.ForEach(write => write.Apply(tables));
            }

            tables.Commit();
        }
        catch
        {
            tables.Rollback();
            throw;
        }
    }

    private string Fail(List<StateWrite> together, SqliteException error)
    {
        var message = error.SqliteErrorCode == SQLitePCL.raw.SQLITE_IOERR
            ? $"the state file {file.Path} could not be written, and nobody knows what is in it now: {error.Message}; look after the disk"
            : $"the state file {file.Path} could not be written: {StateFile.Describe(error)}";
        together.Where(write => !write.IsLazy).ToList().ForEach(write => write.Fail(new ChatStateException(message, error)));
        lock (gate)
        {
            var again = together.Where(write => write.IsLazy).ToList();
            writes.InsertRange(0, again.Where(write => write is not LazyMove));
            foreach (var move in again.OfType<LazyMove>())
            {
                moves.TryAdd(move.Room, move.Position); // One that came meanwhile is further.
            }

            if (again.Count > 0)
            {
                any.TrySetResult();
            }
        }

        return message;
    }

    private sealed class LazyMove(string room, Position position) : StateWrite
    {
        public string Room { get; } = room;

        public Position Position { get; } = position;

        public override void Apply(StateTables tables) => tables.Move(Room, Position);
    }
}
