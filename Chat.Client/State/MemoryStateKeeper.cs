using System.Data.Common;

namespace GrpcChat.Client.State;

/// <summary>Keeps the state in memory, so that it ends with the process.</summary>
internal sealed class MemoryStateKeeper : IStateKeeper
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Position> positions = [];
    private readonly TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<StoredMessage> Messages => [];

    public bool IsDurable => false;

    public bool IsInEffect => false;

    public IReadOnlyList<StoredPosition> Positions
    {
        get
        {
            lock (gate)
            {
                return [.. positions.Select(room => new StoredPosition(room.Key, room.Value.LogId, room.Value.Id))];
            }
        }
    }

    public Position? PositionOf(string room)
    {
        lock (gate)
        {
            return positions.TryGetValue(room, out var position) ? position : null;
        }
    }

    public bool Append(StoredMessage message) => true;

    public void Remove(long sequence)
    {
    }

    public void Refuse(long sequence, StoredRefusal refusal)
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

    public Task<bool> MoveAsync(string room, Position position, Func<DbTransaction, Task> effect) =>
        Task.FromException<bool>(new ChatStateException(
            "an effect needs a durable state to be committed with; set ChatClientOptions.StateStore"));

    public Task RunAsync(Action<StoredMessage, Exception?> stored, Action<string> writeFailed) => completed.Task;

    public void Complete() => completed.TrySetResult();

    public void Close()
    {
    }
}
