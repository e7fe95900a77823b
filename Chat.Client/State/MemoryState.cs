using Chat.Client.Delivery;
using Microsoft.Data.Sqlite;

namespace Chat.Client.State;

/// <summary>Keeps nothing longer than the process lives.</summary>
internal sealed class MemoryState : IClientState
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Position> positions = [];
    private Action<OutboxEntry, Exception?> onStored = (_, _) => { };

    public IReadOnlyList<OutboxEntry> Kept => [];

    public void OnStored(Action<OutboxEntry, Exception?> stored) => onStored = stored;

    public Position? PositionOf(string room)
    {
        lock (gate)
        {
            return positions.TryGetValue(room, out var position) ? position : null;
        }
    }

    public void Append(OutboxEntry entry) => onStored(entry, null);

    public void Remove(OutboxEntry entry)
    {
    }

    public void Refuse(OutboxEntry entry)
    {
    }

    public void Start(string room, Position position)
    {
        lock (gate)
        {
            positions[room] = position;
        }
    }

    public void Forget(string room)
    {
        lock (gate)
        {
            positions.Remove(room);
        }
    }

    public void Move(string room, Position position) => MoveAsync(room, position);

    public Task<bool> MoveAsync(string room, Position position)
    {
        lock (gate)
        {
            var moves = positions.TryGetValue(room, out var last) && last.IsBefore(position);
            if (moves)
            {
                positions[room] = position;
            }

            return Task.FromResult(moves);
        }
    }

    public Task<bool> MoveAsync(string room, Position position, Func<SqliteConnection, SqliteTransaction, Task> effect) =>
        throw new ChatStateException("there is no state file to commit an effect to; give one as ChatClientOptions.StatePath");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
