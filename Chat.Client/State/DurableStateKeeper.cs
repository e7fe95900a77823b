using System.Data.Common;

namespace GrpcChat.Client.State;

/// <summary>
/// Keeps the state in a store. One loop writes what has accumulated since the last transaction; what nobody waits for
/// goes with it, or follows after a delay.
/// </summary>
internal sealed class DurableStateKeeper : IStateKeeper
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly ClientState state;
    private readonly ChatClientOptions options;
    private readonly StateCommitter committer;
    private readonly StateWriteQueue queue = new();

    // Where each room continues: as an earlier process left it, or as this one has moved it.
    private readonly Dictionary<string, Position> positions;

    public DurableStateKeeper(ClientState state, ChatClientOptions options)
    {
        this.state = state;
        this.options = options;
        committer = new StateCommitter(state);
        positions = state.Positions.ToDictionary(
            position => position.Room, position => new Position(0, position.LogId, position.Id));
    }

    public IReadOnlyList<StoredMessage> Messages => state.Messages;

    public bool IsDurable => true;

    public bool IsInEffect => committer.IsInEffect;

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

    public bool Append(StoredMessage message)
    {
        queue.Add(new AppendWrite(message));
        return false;
    }

    public void Remove(long sequence) => queue.Add(new RemoveWrite(sequence));

    public void Refuse(long sequence, StoredRefusal refusal) => queue.Add(new RefuseWrite(sequence, refusal));

    public void Start(string room, Position position)
    {
        lock (gate)
        {
            positions[room] = position;
            queue.Add(new StartWrite(room, position));
        }
    }

    public void Forget(string room)
    {
        lock (gate)
        {
            positions.Remove(room);
            queue.Forget(room);
        }
    }

    public void Move(string room, Position position)
    {
        lock (gate)
        {
            queue.SetMove(room, position);
            OnMoved(room, position);
        }
    }

    public Task<bool> MoveAsync(string room, Position position) => MoveAsync(new MoveWrite(room, position));

    public Task<bool> MoveAsync(string room, Position position, Func<DbTransaction, Task> effect) =>
        MoveAsync(new EffectWrite(room, position, effect));

    public async Task RunAsync(Action<StoredMessage, Exception?> stored, Action<string> writeFailed)
    {
        string? reported = null;
        while (true)
        {
            await queue.WaitAsync(reported is null ? options.LazyWriteDelay : RetryDelay, options.TimeProvider)
                .ConfigureAwait(false);
            var (batch, isLast) = queue.Take();
            var (problem, repeat) = await committer.CommitAsync(batch, Succeed, Fail).ConfigureAwait(false);
            queue.PutBack(repeat);
            if (problem is not null && problem.Message != reported)
            {
                writeFailed(problem.Message);
            }

            reported = problem?.Message;
            if (isLast)
            {
                return;
            }
        }

        void Succeed(StateWrite write)
        {
            if (write is AppendWrite { Message: var message })
            {
                stored(message, null);
            }
            else if (write is MoveWrite { HasMoved: true } move)
            {
                lock (gate)
                {
                    OnMoved(move.Room, move.Position);
                }
            }

            write.Succeed();
        }

        void Fail(StateWrite write, Exception error)
        {
            if (write is AppendWrite { Message: var message })
            {
                stored(message, error);
            }

            write.Fail(error);
        }
    }

    public void Complete() => queue.Complete();

    public void Close() => state.Dispose();

    private Task<bool> MoveAsync(MoveWrite write)
    {
        queue.Add(write);
        return write.Written;
    }

    private void OnMoved(string room, Position position)
    {
        if (positions.TryGetValue(room, out var last) && last.IsBefore(position))
        {
            positions[room] = position;
        }
    }
}
