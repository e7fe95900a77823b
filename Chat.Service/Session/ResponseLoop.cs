using Chat.Service.Log;
using Chat.Service.Rooms;
using Chat.V1;
using Google.Protobuf.WellKnownTypes;

namespace Chat.Service.Session;

/// <summary>
/// The only writer of a stream: fills frames with the answers that are owed and with the messages after each room's
/// cursor, and waits for the bell when there is nothing of either. It never holds more than one frame.
/// </summary>
internal sealed class ResponseLoop(
    Doorbell bell,
    Owed owed,
    IMessageLog log,
    SessionClock clock,
    ChatOptions options,
    ChatMetrics metrics)
{
    // Answers leave at least half of a frame to messages, and so does one room to the others while several are due;
    // but a share below 8 KiB would cost a read of the log for a handful of messages.
    private const int AnswerBytes = Frame.MaxBytes / 2;
    private const int LeastShare = 8 * 1024;

    private readonly Frame frame = new();
    private readonly Queue<object> pending = [];
    private readonly List<RoomCursor> cursors = [];
    private readonly Heartbeat heartbeat = new() { Interval = options.HeartbeatInterval.ToDuration() };
    private readonly Ack ack = new();
    private int nextCursor;
    private bool greeted;
    private bool headsFixed;

    /// <summary>What was wrong with the log, where that ended the session.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Writes until the session is over, and says why it is.</summary>
    /// <param name="transport">Where responses go.</param>
    /// <param name="stop">The service stops: answer what was read, say so, and end.</param>
    /// <param name="gone">The client is gone.</param>
    /// <param name="patience">Fires when this client is given up; the bell rings then, as for the others.</param>
    public async Task<SessionEnd> RunAsync(
        IChatTransport transport,
        CancellationToken stop,
        CancellationToken gone,
        CancellationToken patience)
    {
        try
        {
            var end = await ServeAsync(transport, stop, gone, patience);
            if (GoAways.For(end, options.ReconnectSpread) is { } goAway)
            {
                frame.TryAdd(ChatResponse.GoAwayFieldNumber, goAway);
                await WriteAsync(transport, patience);
            }

            return end;
        }
        catch (Exception) when (gone.IsCancellationRequested)
        {
            return SessionEnd.Gone;
        }
        catch (Exception) when (patience.IsCancellationRequested)
        {
            return SessionEnd.GaveUp;
        }
        finally
        {
            frame.ReturnBuffer();
        }
    }

    private async Task<SessionEnd> ServeAsync(
        IChatTransport transport,
        CancellationToken stop,
        CancellationToken gone,
        CancellationToken patience)
    {
        while (!gone.IsCancellationRequested && !patience.IsCancellationRequested)
        {
            // Looked at before the answers are fetched: what is settled now has its answers there.
            var end = EndInSight(stop);
            var isLastRound = owed is { RequestsEnd: RequestsEnd.Completed, IsSettled: true };
            owed.MoveTo(pending);
            AddHeartbeat();
            AddAnswers();
            if (end is null)
            {
                try
                {
                    await AddMessagesAsync(isLastRound && pending.Count == 0, gone);
                }
                catch (LogDamagedException error)
                {
                    Error = error;
                    return SessionEnd.LogDamaged;
                }
                catch (StoreUnavailableException error)
                {
                    // The answers in this frame are not said; their sends are repeated and found.
                    Error = error;
                    frame.Clear();
                    return SessionEnd.StoreUnavailable;
                }
            }

            if (frame.Length > 0)
            {
                await WriteAsync(transport, patience);
            }
            else if (end is { } reached)
            {
                return reached;
            }
            else if (headsFixed)
            {
                return SessionEnd.Completed;
            }
            else
            {
                // An idle stream holds no buffer.
                frame.ReturnBuffer();
                await bell.WaitAsync();
            }
        }

        return gone.IsCancellationRequested ? SessionEnd.Gone : SessionEnd.GaveUp;
    }

    // What the session ends with once everything that is owed has been said; null while it goes on.
    private SessionEnd? EndInSight(CancellationToken stop)
    {
        if (owed.HasFailed)
        {
            return SessionEnd.StoreUnavailable;
        }

        return owed.RequestsEnd switch
        {
            RequestsEnd.NotYet => null,
            RequestsEnd.Gone => SessionEnd.Gone,
            _ when !owed.IsSettled => null,
            RequestsEnd.Unreadable => SessionEnd.RequestUnreadable,
            RequestsEnd.Stopping => SessionEnd.Draining,
            _ => stop.IsCancellationRequested ? SessionEnd.Draining : null,
        };
    }

    private void AddHeartbeat()
    {
        if (!greeted || clock.IsSilent)
        {
            greeted = true;
            frame.TryAdd(ChatResponse.HeartbeatFieldNumber, heartbeat);
        }
    }

    private void AddAnswers()
    {
        while (frame.Length < AnswerBytes && pending.TryPeek(out var answer) && TryAdd(answer))
        {
            pending.Dequeue();
            frame.Answers++;
        }
    }

    private bool TryAdd(object answer)
    {
        switch (answer)
        {
            case Append { Result.Refused: { } refused } append:
                return frame.TryAdd(ChatResponse.RefusalsFieldNumber, new Refusal
                {
                    Room = append.Room,
                    ClientOffset = append.ClientOffset,
                    Reason = refused.Reason,
                    Detail = refused.Detail,
                });

            case Append append:
                ack.Room = append.Room;
                ack.ClientOffset = append.ClientOffset;
                ack.Id = append.Result.Id;
                ack.Duplicate = append.Result.Duplicate;
                return frame.TryAdd(ChatResponse.AcksFieldNumber, ack);

            case Refusal refusal:
                return frame.TryAdd(ChatResponse.RefusalsFieldNumber, refusal);

            case RoomCursor cursor:
                // A client reads a frame's joins first: what the frame says of the room already would fall behind it.
                if (frame.Mentions(cursor.Room) || !frame.TryAdd(ChatResponse.JoinedFieldNumber, cursor.Joined))
                {
                    return false;
                }

                frame.Mention(cursor.Room);
                RemoveCursor(cursor.Room);
                cursors.Add(cursor);
                return true;

            case Left left:
                if (!frame.TryAdd(ChatResponse.LeftFieldNumber, left))
                {
                    return false;
                }

                frame.Mention(left.Room);
                RemoveCursor(left.Room);
                return true;

            default:
                throw new InvalidOperationException($"{answer.GetType()} is no answer.");
        }
    }

    private void RemoveCursor(string room)
    {
        var index = cursors.FindIndex(cursor => cursor.Room == room);
        if (index >= 0)
        {
            cursors.RemoveAt(index);
        }
    }

    private async ValueTask AddMessagesAsync(bool isLastRound, CancellationToken gone)
    {
        if (isLastRound && !headsFixed)
        {
            await FixHeadsAsync(gone);
        }

        var due = cursors.Count(cursor => cursor.IsDue);
        for (var i = 0; i < cursors.Count && due > 0; i++)
        {
            var cursor = cursors[(nextCursor + i) % cursors.Count];
            if (!cursor.IsDue)
            {
                continue;
            }

            if (!await TryAddMessagesAsync(cursor, Math.Max(LeastShare, frame.Free / due), gone))
            {
                // The next frame begins with the room that this one had no space for.
                nextCursor = (nextCursor + i) % cursors.Count;
                return;
            }

            due--;
        }

        nextCursor = (nextCursor + 1) % Math.Max(1, cursors.Count);
    }

    // False when the frame has no space for what the room has next.
    private async ValueTask<bool> TryAddMessagesAsync(RoomCursor cursor, int share, CancellationToken gone)
    {
        frame.BeginPage(share);
        if (cursor.Position < cursor.Through)
        {
            await log.ReadAsync(cursor.Room, cursor.Position, cursor.Through, frame, gone);
            if (frame.PageCount == 0)
            {
                return false;
            }

            cursor.Position = frame.PageLastId;
            frame.Mention(cursor.Room);
            metrics.Delivered(frame.PageCount);
        }

        if (!cursor.CaughtUpIsDue)
        {
            return true;
        }

        cursor.CaughtUpSaid = frame.TryAdd(
            ChatResponse.CaughtUpFieldNumber,
            new CaughtUp { Room = cursor.Room, Id = cursor.Joined.HeadId });
        frame.Mention(cursor.Room);
        return cursor.CaughtUpSaid;
    }

    // The client has completed its requests and has its answers: it gets what is there now, and no more.
    private async ValueTask FixHeadsAsync(CancellationToken gone)
    {
        foreach (var cursor in cursors)
        {
            cursor.Limit = (await log.BoundsAsync(cursor.Room, gone)).Head;
        }

        headsFixed = true;
    }

    private async Task WriteAsync(IChatTransport transport, CancellationToken patience)
    {
        clock.WriteBegins();
        metrics.FrameBegins(frame.Length);
        try
        {
            await transport.WriteAsync(frame, patience);
        }
        finally
        {
            metrics.FrameEnds(frame.Length);
            clock.WriteEnds();
        }

        owed.Release(frame.Answers);
        frame.Clear();
    }
}
