using GrpcChat.Client.State;
using GrpcChat.V1;

namespace GrpcChat.Client.Delivery;

/// <summary>
/// A room that the application has joined: how far the current stream is with the join, and the last message that
/// became an event. The lock of <see cref="FollowedRooms"/> guards it.
/// </summary>
internal sealed class FollowedRoom(string name, JoinFrom from, Position? received)
{
    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isAnnounced;

    public string Name { get; } = name;

    public JoinPhase Phase { get; private set; }

    /// <summary>Everything that the room had when this stream joined it has become an event.</summary>
    public bool IsCaughtUp { get; private set; }

    /// <summary>Completes with the first answer to a join, and fails if it is refused.</summary>
    public Task Joined => joined.Task;

    /// <summary>A new stream starts.</summary>
    /// <param name="isPaused">
    /// Messages must not follow yet. A first join is sent anyway, because its caller waits.
    /// </param>
    public void Rewind(bool isPaused)
    {
        Phase = isPaused && joined.Task.IsCompleted ? JoinPhase.Paused : JoinPhase.ToJoin;
        isAnnounced = IsCaughtUp = false;
    }

    /// <summary>The event queue is full: the room is to be left, unless its first answer is outstanding.</summary>
    public void Pause()
    {
        if (Phase is JoinPhase.Joined || (Phase is JoinPhase.JoinSent && joined.Task.IsCompleted))
        {
            Phase = JoinPhase.ToPause;
        }
    }

    /// <summary>The event queue has space again.</summary>
    public void Resume()
    {
        if (Phase is JoinPhase.ToPause or JoinPhase.Paused)
        {
            Phase = JoinPhase.ToJoin;
        }
    }

    /// <summary>The leave that is due; null if none is.</summary>
    public Leave? TakeLeave()
    {
        if (Phase is not JoinPhase.ToPause)
        {
            return null;
        }

        Phase = JoinPhase.Paused;
        return new Leave { Room = Name };
    }

    /// <summary>The join that is due; null if none is.</summary>
    public Join? TakeJoin(bool isPaused)
    {
        if (Phase is not JoinPhase.ToJoin || (isPaused && joined.Task.IsCompleted))
        {
            return null;
        }

        Phase = JoinPhase.JoinSent;
        var join = new Join { Room = Name };
        if (received is { } last)
        {
            (join.AfterId, join.LogId) = (last.Id, last.LogId);
            return join;
        }

        (join.LogId, join.ReplayLimit) = (from.LogId, from.Limit);
        if (from.AfterId is { } afterId)
        {
            join.AfterId = afterId;
        }

        return join;
    }

    /// <summary>Takes the answer to a join, or the news that the service has discarded what was to follow.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="epoch">The epoch of a new log.</param>
    /// <param name="isPaused">Messages must not follow yet.</param>
    /// <param name="state">Keeps the first position.</param>
    /// <param name="events">Receives the events.</param>
    /// <returns>Null, or what is wrong.</returns>
    public string? Take(Joined answer, long epoch, bool isPaused, IStateKeeper state, EventQueue events)
    {
        // Callers get the first answer even while the application is slow; the messages follow later.
        Phase = isPaused ? JoinPhase.ToPause : JoinPhase.Joined;
        var isFirst = received is null;
        var last = received ?? new Position(0, answer.LogId, Math.Max(from.AfterId ?? 0, 0));
        var isReset = answer.Resume == V1.Resume.Reset;
        var after = new Position(isFirst || isReset ? epoch : last.Epoch, answer.LogId, answer.AfterId);

        // Back is never right: what followed the earlier position has become events already.
        if (!isFirst && (answer.Resume == V1.Resume.Complete ? after.Id != last.Id : !isReset && after.Id < last.Id))
        {
            return $"room '{Name}' continues after {after.Id} instead of {last.Id}";
        }

        received = after;
        if (isFirst)
        {
            state.Start(Name, after);
        }

        if (!isAnnounced)
        {
            // Once per stream: a join after a pause is no news.
            isAnnounced = true;
            events.Add(new RoomJoined(Name, answer.LogId, answer.AfterId, answer.OldestId, answer.HeadId));
        }

        var taken = new PositionTaken(Name, after);
        if (isReset)
        {
            events.Add(new RoomReset(Name, answer.LogId, answer.AfterId)
            {
                FormerLogId = isFirst ? from.LogId : last.LogId,
                LastId = last.Id,
                Taken = taken,
            });
        }
        else if (answer.Resume == V1.Resume.Gap)
        {
            events.Add(new RoomGap(Name, last.Id, answer.AfterId) { Taken = taken });
        }

        joined.TrySetResult();
        return null;
    }

    /// <summary>Takes a message, which must be the next one.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public string? Take(Message message, EventQueue events)
    {
        var last = received!.Value;
        if (message.Id != last.Id + 1)
        {
            return $"room '{Name}' continues with {message.Id} after {last.Id}";
        }

        received = last with { Id = message.Id };

        // A message without a text is of a future kind, and means nothing to this client.
        if (message.Erased || message.Text.Length > 0)
        {
            events.Add(new MessageReceived(message.ToChatMessage(last.LogId) with { Epoch = last.Epoch }));
        }

        return null;
    }

    /// <summary>Takes the news that everything up to the head at the time of the join has been sent.</summary>
    public void Take(CaughtUp caughtUp, EventQueue events)
    {
        if (!IsCaughtUp)
        {
            IsCaughtUp = true;
            events.Add(new RoomCaughtUp(Name, caughtUp.Id));
        }
    }

    /// <summary>The room is not followed any more.</summary>
    public void Fail(Exception error)
    {
        joined.TrySetException(error);
        _ = joined.Task.Exception; // Nobody has to wait for it.
    }
}

/// <summary>How far a join is.</summary>
internal enum JoinPhase
{
    /// <summary>To be sent with the next request.</summary>
    ToJoin,

    /// <summary>Sent. Messages that arrive before the answer belong to an earlier join.</summary>
    JoinSent,

    /// <summary>Answered; messages follow.</summary>
    Joined,

    /// <summary>The application reads its events too slowly: to be left with the next request.</summary>
    ToPause,

    /// <summary>Left, until the application has read half of its events.</summary>
    Paused,
}
