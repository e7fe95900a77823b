using Chat.AspNetCore.Storage;

namespace Chat.AspNetCore.Rooms;

/// <summary>A room that somebody follows: its newest messages, its newest committed id, and the bells to ring when it moves.</summary>
internal sealed class FollowedRoom(string name, RoomTail tail) : IThreadPoolWorkItem
{
    private readonly HashSet<Doorbell> bells = [];
    private long head;
    private bool closed;
    private int isGoingRound;

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

    /// <summary>Takes note of a head that was read from the log, or of a commit's. Never waits.</summary>
    public void Learn(long committed)
    {
        for (var known = Head; known < committed;)
        {
            var seen = Interlocked.CompareExchange(ref head, committed, known);
            if (seen == known)
            {
                return;
            }

            known = seen;
        }
    }

    /// <summary>
    /// Takes note of a commit, and has the bells rung. Called on the log's writer thread, which goes on to the answers
    /// and the next batch; who goes round the bells, however many there are, is one work item.
    /// </summary>
    public void Advance(RoomCommit commit)
    {
        // First the messages, then the head: whoever sees it finds them. (Who has just read it from the log may be earlier
        // than they are, and reads the log.)
        Tail.Add(commit);
        Learn(commit.Head);
        if (Interlocked.Exchange(ref isGoingRound, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        // A commit from here on has the bells rung once more.
        Interlocked.Exchange(ref isGoingRound, 0);
        lock (bells)
        {
            foreach (var bell in bells)
            {
                bell.Ring();
            }
        }
    }
}
