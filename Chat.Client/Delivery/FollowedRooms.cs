using Chat.Client.State;
using Chat.V1;

namespace Chat.Client.Delivery;

/// <summary>
/// The rooms that the application has joined. It turns what a stream says about them into events, checks that each message
/// is the next one, and knows where to go on. Messages are not kept for an application that does not take them: the room is
/// left, and joined again after the last message that it was given.
/// </summary>
internal sealed class FollowedRooms(IClientState state, EventQueue events, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, FollowedRoom> rooms = [];

    // Joins of this stream that have no answer yet: only the last one of a room counts.
    private readonly Dictionary<string, int> joinsUnanswered = [];
    private readonly HashSet<string> toLeave = [];
    private Action changed = () => { };
    private long lastEpoch;
    private long? caughtUpAt;
    private bool isPaused;
    private Exception? closed;

    /// <summary>Who is to be told that there is something to send.</summary>
    public void OnChange(Action ring) => changed = ring;

    /// <summary>Since when there is nothing old to come in any room, by the clock's timestamp; null while there is.</summary>
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

    /// <summary>Follows a room from now on; ends when the service has answered for the first time.</summary>
    public Task Join(string name, JoinFrom from)
    {
        FollowedRoom? room;
        lock (gate)
        {
            if (closed is not null)
            {
                return Task.FromException(closed);
            }

            if (!rooms.TryGetValue(name, out room))
            {
                room = new FollowedRoom(name, from, state.PositionOf(name));
                rooms.Add(name, room);
                caughtUpAt = null;
            }
        }

        changed();
        return room.Joined.Task;
    }

    /// <summary>Follows a room no more, and forgets the position in it. False = it was not joined.</summary>
    public bool Leave(string name)
    {
        lock (gate)
        {
            if (!rooms.Remove(name, out var room))
            {
                return false;
            }

            // Also where its join is due: it may be one after a pause that the service has not been told of.
            toLeave.Add(name);
            state.Forget(name);
            Fail(room, new ChatRefusedException(RefusalReason.Unspecified, $"the room '{name}' was left before it was joined"));
            events.Add(new RoomLeft(name, RefusalReason.Unspecified, ""));
            LookWhetherCaughtUp();
        }

        changed();
        return true;
    }

    /// <summary>A new stream begins, in which no room is joined.</summary>
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
                room.Phase = isPaused && room.Joined.Task.IsCompleted ? JoinPhase.Paused : JoinPhase.ToJoin;
                room.IsAnnounced = room.IsCaughtUp = false;
            }
        }
    }

    /// <summary>The first frame of a stream has come.</summary>
    public void Begin()
    {
        lock (gate)
        {
            LookWhetherCaughtUp();
        }
    }

    /// <summary>The application has taken the half of what waited for it.</summary>
    public void GoOn()
    {
        lock (gate)
        {
            isPaused = false;
            foreach (var room in rooms.Values.Where(room => room.Phase is JoinPhase.ToPause or JoinPhase.Paused))
            {
                room.Phase = JoinPhase.ToJoin;
            }
        }

        changed();
    }

    /// <summary>Puts the leaves and joins that are due into a request. False = none is.</summary>
    public bool Fill(ChatRequest request)
    {
        lock (gate)
        {
            request.Leaves.AddRange(toLeave.Select(name => new Leave { Room = name }));
            toLeave.Clear();
            foreach (var room in rooms.Values)
            {
                if (room.Phase is JoinPhase.ToPause)
                {
                    request.Leaves.Add(new Leave { Room = room.Name });
                    room.Phase = JoinPhase.Paused;
                }
                else if (room.Phase is JoinPhase.ToJoin && (!isPaused || !room.Joined.Task.IsCompleted))
                {
                    request.Joins.Add(JoinOf(room));
                    joinsUnanswered[room.Name] = joinsUnanswered.GetValueOrDefault(room.Name) + 1;
                    room.Phase = JoinPhase.JoinSent;
                }
            }

            return request.Leaves.Count + request.Joins.Count > 0;
        }
    }

    /// <summary>Takes what a frame says about rooms.</summary>
    /// <returns>Null, or what is wrong with an id in it. What came before that has been taken.</returns>
    public string? Take(ChatResponse response)
    {
        lock (gate)
        {
            var wrong = response.Joined.Select(Take).Concat(response.Messages.Select(Take)).FirstOrDefault(w => w is not null);
            if (wrong is not null)
            {
                return wrong;
            }

            foreach (var caughtUp in response.CaughtUp)
            {
                Take(caughtUp);
            }

            foreach (var left in response.Left)
            {
                Take(left);
            }

            if (!isPaused && events.IsFull)
            {
                Pause();
            }

            return null;
        }
    }

    /// <summary>No room is followed any more: whoever waits for a join is told so.</summary>
    public void Close(Exception error)
    {
        lock (gate)
        {
            closed ??= error;
            foreach (var room in rooms.Values)
            {
                Fail(room, error);
            }
        }
    }

    private static void Fail(FollowedRoom room, Exception error)
    {
        room.Joined.TrySetException(error);
        _ = room.Joined.Task.Exception; // Nobody has to wait for it.
    }

    private static Join JoinOf(FollowedRoom room)
    {
        var join = new Join { Room = room.Name };
        if (room.Received is { } received)
        {
            (join.AfterId, join.LogId) = (received.Id, received.LogId);
            return join;
        }

        (join.LogId, join.ReplayLimit) = (room.From.LogId, room.From.Limit);
        if (room.From.AfterId is { } afterId)
        {
            join.AfterId = afterId;
        }

        return join;
    }

    private string? Take(Joined joined)
    {
        // One that answers no join says that the service has thrown away what was to come next.
        if (!IsLastAnswer(joined.Room) || (Find(joined.Room, JoinPhase.JoinSent) ?? Find(joined.Room, JoinPhase.Joined)) is not { } room)
        {
            return null;
        }

        // Whoever waits for the first answer gets it also while the application is slow; the messages come later.
        room.Phase = isPaused ? JoinPhase.ToPause : JoinPhase.Joined;
        if (isPaused)
        {
            changed();
        }

        var isFirst = room.Received is null;
        var last = room.Received ?? new Position(0, joined.LogId, Math.Max(room.From.AfterId ?? 0, 0));
        var isReset = joined.Resume == Resume.Reset;
        var after = new Position(isFirst || isReset ? ++lastEpoch : last.Epoch, joined.LogId, joined.AfterId);
        if (!isFirst && joined.Resume == Resume.Complete && after.Id != last.Id)
        {
            return $"room '{room.Name}' goes on after {after.Id}, and not after {last.Id}";
        }

        room.Received = after;
        if (isFirst)
        {
            state.Start(room.Name, after);
        }

        if (!room.IsAnnounced)
        {
            room.IsAnnounced = true;
            events.Add(new RoomJoined(room.Name, joined.LogId, joined.AfterId, joined.OldestId, joined.HeadId));
        }

        var taken = new PositionTaken(room.Name, after);
        if (isReset)
        {
            events.Add(new RoomReset(room.Name, joined.LogId, joined.AfterId) { Taken = taken });
        }
        else if (joined.Resume == Resume.Gap)
        {
            events.Add(new RoomGap(room.Name, last.Id, joined.AfterId) { Taken = taken });
        }

        room.Joined.TrySetResult();
        return null;
    }

    private string? Take(Message message)
    {
        if (Find(message.Room, JoinPhase.Joined) is not { } room)
        {
            return null;
        }

        var last = room.Received!.Value;
        if (message.Id != last.Id + 1)
        {
            return $"room '{room.Name}' continues with {message.Id} after {last.Id}";
        }

        room.Received = last with { Id = message.Id };

        // What has no text is of a kind to come, and says nothing to this client.
        if (message.Erased || message.Text.Length > 0)
        {
            events.Add(new MessageReceived(message.ToChatMessage(last.LogId) with { Epoch = last.Epoch }));
            ClientMetrics.Consumed.Add(1, ClientMetrics.System, ClientMetrics.Receive);
        }

        return null;
    }

    private void Take(CaughtUp caughtUp)
    {
        if (Find(caughtUp.Room, JoinPhase.Joined) is not { IsCaughtUp: false } room)
        {
            return;
        }

        room.IsCaughtUp = true;
        events.Add(new RoomCaughtUp(room.Name, caughtUp.Id));
        LookWhetherCaughtUp();
    }

    private void Take(Left left)
    {
        // Without a reason it answers a leave, and the room may have been joined again since.
        if (left.Reason == Reason.Unspecified || !IsLastAnswer(left.Room) || !rooms.Remove(left.Room, out var room))
        {
            return;
        }

        Fail(room, new ChatRefusedException(left.Reason.ToRefusalReason(), left.Detail));
        events.Add(new RoomLeft(room.Name, left.Reason.ToRefusalReason(), left.Detail));
        LookWhetherCaughtUp();
    }

    // False = a later join of the room has no answer yet. A right that is withdrawn answers none.
    private bool IsLastAnswer(string name)
    {
        var left = joinsUnanswered.GetValueOrDefault(name) - 1;
        joinsUnanswered[name] = Math.Max(left, 0);
        return left <= 0;
    }

    private FollowedRoom? Find(string name, JoinPhase phase) =>
        rooms.TryGetValue(name, out var room) && room.Phase == phase ? room : null;

    private void Pause()
    {
        isPaused = true;
        foreach (var room in rooms.Values.Where(room =>
            room.Phase is JoinPhase.Joined || (room.Phase is JoinPhase.JoinSent && room.Joined.Task.IsCompleted)))
        {
            room.Phase = JoinPhase.ToPause;
        }

        changed();
    }

    private void LookWhetherCaughtUp()
    {
        if (caughtUpAt is null && rooms.Values.All(room => room.IsCaughtUp))
        {
            caughtUpAt = time.GetTimestamp();
        }
    }
}
