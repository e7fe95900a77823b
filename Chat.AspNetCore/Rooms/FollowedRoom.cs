using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Rooms;

/// <summary>
/// A room that at least one stream follows: its tail, its newest committed id, and the followers to wake.
/// </summary>
internal sealed class FollowedRoom(string name, RoomTail tail, ChatMetrics metrics) : IThreadPoolWorkItem
{
    private readonly HashSet<WakeSignal> followers = [];
    private long head;
    private bool closed;
    private int isWakeQueued;

    public string Name { get; } = name;

    public RoomTail Tail { get; } = tail;

    /// <summary>The newest committed id that this process knows of. It never decreases.</summary>
    public long Head => Volatile.Read(ref head);

    /// <summary>Adds a follower. False when the last one has left and the hub no longer holds this room.</summary>
    public bool TryFollow(WakeSignal follower)
    {
        lock (followers)
        {
            if (!closed)
            {
                followers.Add(follower);
            }

            return !closed;
        }
    }

    /// <summary>Removes a follower. True when it was the last one: the room wakes nobody from now on.</summary>
    public bool Unfollow(WakeSignal follower)
    {
        lock (followers)
        {
            followers.Remove(follower);
            return closed = followers.Count == 0;
        }
    }

    /// <summary>Takes note of a head that was read from the log or committed. Never blocks.</summary>
    public void AdvanceHead(long committed)
    {
        // Where another thread was faster, it looks again.
        long known;
        do
        {
            known = Head;
        }
        while (known < committed && Interlocked.CompareExchange(ref head, committed, known) != known);
    }

    /// <summary>
    /// Takes note of a commit and has the followers woken. Called on the log's writer thread, which continues with the
    /// answers and the next batch: waking all followers, however many there are, costs it one work item.
    /// </summary>
    public void OnCommitted(RoomCommit commit)
    {
        // The tail first, then the head: a reader that sees the head finds the messages in the tail. A reader that took
        // the head from the log can be earlier than the tail; it reads the log.
        Tail.Add(commit);
        AdvanceHead(commit.Head);
        if (Interlocked.Exchange(ref isWakeQueued, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        // Cleared first: a commit from here on queues another round.
        Interlocked.Exchange(ref isWakeQueued, 0);
        lock (followers)
        {
            foreach (var follower in followers)
            {
                follower.Set();
            }

            metrics.OnWokenUp(followers.Count);
        }
    }
}
