namespace GrpcChat.Client.State;

/// <summary>
/// The changes of one transaction, and the positions as they will be after it: a position moves only forwards, and only
/// in a room that has one.
/// </summary>
/// <param name="stored">The positions before it.</param>
internal sealed class StateTransaction(Dictionary<string, Position> stored)
{
    private readonly Dictionary<string, Position?> changed = [];

    public List<StateChange> Changes { get; } = [];

    public void Set(string room, Position position)
    {
        changed[room] = position;
        Changes.Add(new PositionUpdate(new StoredPosition(room, position.LogId, position.Id)));
    }

    public void Remove(string room)
    {
        changed[room] = null;
        Changes.Add(new PositionRemoval(room));
    }

    /// <summary>Moves a position forwards. False if it was there already.</summary>
    public bool Move(string room, Position position)
    {
        Position? last = changed.TryGetValue(room, out var now) ? now
            : stored.TryGetValue(room, out var before) ? before
            : null;
        if (last?.IsBefore(position) != true)
        {
            return false;
        }

        Set(room, position);
        return true;
    }

    /// <summary>The transaction has been committed.</summary>
    public void Commit()
    {
        foreach (var (room, position) in changed)
        {
            if (position is { } now)
            {
                stored[room] = now;
            }
            else
            {
                stored.Remove(room);
            }
        }
    }
}
