using GrpcChat.Client.State;
using GrpcChat.V1;

namespace GrpcChat.Client.Delivery;

/// <summary>
/// The rooms that the application has joined. It turns what a stream says about them into events, and asks the stream
/// for joins and leaves. While the event queue is full, it leaves the rooms instead of keeping their messages, and
/// joins them again after the last message that became an event.
/// </summary>
/// <remarks>
/// Under its lock, only what neither blocks nor calls back is called: the state keeper, the event queue, the wake-up.
/// </remarks>
internal sealed class FollowedRooms(IStateKeeper state, EventQueue events, WakeSignal wakeUp, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, FollowedRoom> rooms = [];

    // Joins of this stream without an answer: only the last one of a room counts.
    private readonly Dictionary<string, int> joinsUnanswered = [];
    private readonly HashSet<string> toLeave = [];
    private long lastEpoch;
    private long? caughtUpAt;
    private bool isPaused;
    private Exception? closed;

    /// <summary>Since when all rooms have been caught up, as a timestamp of the clock; null if they are not.</summary>
    public long? CaughtUpAt
    {
        get
        {
            lock (gate)
            {
                return caughtUpAt;
            }
        }
    }

    /// <summary>Follows a room from now on; completes with the service's first answer.</summary>
    public Task Join(string name, JoinFrom from)
    {
        lock (gate)
        {
            if (closed is not null)
            {
                return Task.FromException(closed);
            }

            if (!rooms.TryGetValue(name, out var room))
            {
                room = new FollowedRoom(name, from, state.PositionOf(name));
                rooms.Add(name, room);
                caughtUpAt = null;
                wakeUp.Set();
            }

            return room.Joined;
        }
    }

    /// <summary>
    /// Stops following a room, and forgets the position in it, which an earlier process may have left. False if it was
    /// not joined.
    /// </summary>
    public bool Leave(string name)
    {
        lock (gate)
        {
            state.Forget(name);
            if (!rooms.Remove(name, out var room))
            {
                return false;
            }

            // Even if its join has not been sent: it may be one after a pause, and the service still has the room
            // joined.
            toLeave.Add(name);
            room.Fail(new ChatRefusedException(
                RefusalReason.Unspecified, $"the application left the room '{name}' before it was joined"));
            events.Add(new RoomLeft(name, RefusalReason.Unspecified, ""));
            NoteCaughtUp();
            wakeUp.Set();
            return true;
        }
    }

    /// <summary>A new stream starts, in which no room is joined.</summary>
    public void Rewind()
    {
        lock (gate)
        {
            joinsUnanswered.Clear();
            toLeave.Clear();
            caughtUpAt = null;
            isPaused = events.IsFull;
            foreach (var room in rooms.Values)
            {
                room.Rewind(isPaused);
            }
        }
    }

    /// <summary>The stream has received its first frame.</summary>
    public void Begin()
    {
        lock (gate)
        {
            NoteCaughtUp();
        }
    }

    /// <summary>Adds the leaves and joins that are due to a request. False if there are none.</summary>
    public bool Fill(ChatRequest request)
    {
        lock (gate)
        {
            if (isPaused && !events.IsFull)
            {
                isPaused = false;
                foreach (var room in rooms.Values)
                {
                    room.Resume();
                }
            }

            request.Leaves.AddRange(toLeave.Select(name => new Leave { Room = name }));
            toLeave.Clear();
            foreach (var room in rooms.Values)
            {
                if (room.TakeLeave() is { } leave)
                {
                    request.Leaves.Add(leave);
                }
                else if (room.TakeJoin(isPaused) is { } join)
                {
                    request.Joins.Add(join);
                    joinsUnanswered[room.Name] = joinsUnanswered.GetValueOrDefault(room.Name) + 1;
                }
            }

            return request.Leaves.Count + request.Joins.Count > 0;
        }
    }

    /// <summary>Takes what a frame says about rooms.</summary>
    /// <returns>Null, or what is wrong with an id in it; everything before that has been taken.</returns>
    public string? Take(ChatResponse response)
    {
        lock (gate)
        {
            var wrong = response.Joined.Select(Take)
                .Concat(response.Messages.Select(Take))
                .FirstOrDefault(wrong => wrong is not null);
            if (wrong is not null)
            {
                return wrong;
            }

            foreach (var caughtUp in response.CaughtUp)
            {
                Find(caughtUp.Room, JoinPhase.Joined)?.Take(caughtUp, events);
                NoteCaughtUp();
            }

            foreach (var left in response.Left)
            {
                Take(left);
            }

            if (!isPaused && events.IsFull)
            {
                isPaused = true;
                foreach (var room in rooms.Values)
                {
                    room.Pause();
                }

                wakeUp.Set();
            }

            return null;
        }
    }

    /// <summary>No room is followed any more: everybody who waits for a join gets the error.</summary>
    public void Close(Exception error)
    {
        lock (gate)
        {
            closed ??= error;
            foreach (var room in rooms.Values)
            {
                room.Fail(error);
            }
        }
    }

    private string? Take(Joined joined)
    {
        // If it answers no join, the service has discarded what was to follow, and the room continues here.
        if (!IsLastAnswer(joined.Room)
            || (Find(joined.Room, JoinPhase.JoinSent) ?? Find(joined.Room, JoinPhase.Joined)) is not { } room)
        {
            return null;
        }

        if (isPaused)
        {
            wakeUp.Set(); // It is to be left again.
        }

        return room.Take(joined, ++lastEpoch, isPaused, state, events);
    }

    private string? Take(Message message) => Find(message.Room, JoinPhase.Joined)?.Take(message, events);

    private void Take(Left left)
    {
        // Without a reason, it answers a leave, and the room may have been joined again since.
        if (left.Reason == Reason.Unspecified || !IsLastAnswer(left.Room) || !rooms.Remove(left.Room, out var room))
        {
            return;
        }

        var reason = left.Reason.ToRefusalReason();
        room.Fail(new ChatRefusedException(reason, left.Detail));
        events.Add(new RoomLeft(room.Name, reason, left.Detail));
        NoteCaughtUp();
    }

    // False if a later join of the room has no answer yet. A right that the service withdraws answers no join.
    private bool IsLastAnswer(string name)
    {
        var left = joinsUnanswered.GetValueOrDefault(name) - 1;
        joinsUnanswered[name] = Math.Max(left, 0);
        return left <= 0;
    }

    private FollowedRoom? Find(string name, JoinPhase phase) =>
        rooms.TryGetValue(name, out var room) && room.Phase == phase ? room : null;

    private void NoteCaughtUp()
    {
        if (caughtUpAt is null && rooms.Values.All(room => room.IsCaughtUp))
        {
            caughtUpAt = time.GetTimestamp();
        }
    }
}
