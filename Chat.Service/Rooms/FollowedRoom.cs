using Chat.Service.Log;

namespace Chat.Service.Rooms;

/// <summary>A room that somebody follows: its newest messages, its newest committed id, and the bells to ring when it moves.</summary>
internal sealed class FollowedRoom(string name, RoomTail tail)
{
    private readonly HashSet<Doorbell> bells = [];
    private long head;
    private bool closed;

    public string Name { get; } = name;

    public RoomTail Tail { get; } = tail;

    /// <summary>The newest committed id that this process has heard of; never steps back.</summary>
    public long Head => Volatile.Read(ref head);

    /// <summary>False when the last follower has left and the room is no longer in the hub.</summary>
    public bool TryFollow(Doorbell bell)
    {
        lock (bells)
        {
            if (!closed)
            {
                bells.Add(bell);
            }

            return !closed;
        }
    }

    /// <summary>True when that was the last follower: the room rings no more.</summary>
    public bool Unfollow(Doorbell bell)
    {
        lock (bells)
        {
            bells.Remove(bell);
            return closed = bells.Count == 0;
        }
    }

    /// <summary>Takes note of a head that was read from the log.</summary>
    public void Learn(long committed)
    {
        lock (bells)
        {
            head = Math.Max(head, committed);
        }
    }

    /// <summary>Takes note of a commit, and rings. Called on the log's writer thread.</summary>
    public void Advance(RoomCommit commit)
    {
        // First the messages, then the head: whoever sees the head finds them.
        Tail.Add(commit);
        lock (bells)
        {
            head = Math.Max(head, commit.Head);
            foreach (var bell in bells)
            {
                bell.Ring();
            }
        }
    }
}
