using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// Reads the client's requests: follows and leaves rooms, and hands sends to the log. It answers nothing itself; it adds to
/// the pending answers.
/// </summary>
internal sealed class RequestLoop(
    SessionStart start,
    WakeSignal wakeSignal,
    PendingAnswers pendingAnswers,
    IMessageLog log,
    RoomHub rooms,
    SendLimiter limiter,
    ChatOptions options)
{
    private readonly Dictionary<string, FollowedRoom> followed = [];
    private readonly Caller caller = start.Caller;

    /// <summary>What was wrong, where the requests ended with <see cref="RequestsEnd.Unreadable"/>.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Joins the first room, so that the first response can say so.</summary>
    public async Task JoinFirstRoomAsync(CancellationToken sessionEnded)
    {
        if (start.FirstRoom is { } room)
        {
            await JoinAsync(room, start.Position, sessionEnded);
        }
    }

    /// <summary>Reads requests until the client completes them or one of the tokens fires.</summary>
    /// <param name="transport">Where requests come from.</param>
    /// <param name="readingStopped">No more is read. A request that has been read is still carried out.</param>
    /// <param name="sessionEnded">The session is over.</param>
    public async Task RunAsync(
        IChatTransport transport,
        CancellationToken readingStopped,
        CancellationToken sessionEnded)
    {
        try
        {
            while (await transport.ReadAsync(readingStopped))
            {
                await HandleAsync(transport.Request, readingStopped, sessionEnded);
            }

            pendingAnswers.EndRequests(RequestsEnd.Completed);
        }
        catch (Exception) when (sessionEnded.IsCancellationRequested)
        {
            pendingAnswers.EndRequests(RequestsEnd.Aborted);
        }
        catch (OperationCanceledException) when (readingStopped.IsCancellationRequested)
        {
            pendingAnswers.EndRequests(RequestsEnd.Stopped);
        }
        catch (Exception error)
        {
            Error = error;
            pendingAnswers.EndRequests(RequestsEnd.Unreadable);
        }
    }

    /// <summary>No room wakes this session any more.</summary>
    public void UnfollowAll()
    {
        foreach (var room in followed.Values)
        {
            rooms.Unfollow(room, wakeSignal);
        }

        followed.Clear();
    }

    // The contract fixes the order within one request: leaves, joins, sends. Signals are not served yet.
    private async ValueTask HandleAsync(
        EncodedRequest request, CancellationToken readingStopped, CancellationToken sessionEnded)
    {
        foreach (var leave in request.Leaves)
        {
            await pendingAnswers.ReserveAsync(sessionEnded);
            Leave(leave.Room, refused: null);
        }

        foreach (var join in request.Joins)
        {
            await JoinAsync(join, sessionEnded);
        }

        foreach (var send in request.Sends)
        {
            // A stop does not wait for turns.
            await limiter.WaitAsync(caller, readingStopped);
            await SendAsync(send, sessionEnded);
        }
    }

    private ValueTask JoinAsync(Join join, CancellationToken sessionEnded)
    {
        var position = new StartPosition
        {
            AfterId = join.HasAfterId ? join.AfterId : null,
            LogId = join.LogId,
            ReplayLimit = join.ReplayLimit,
        };
        return JoinAsync(join.Room, position, sessionEnded);
    }

    private async ValueTask JoinAsync(string name, StartPosition position, CancellationToken sessionEnded)
    {
        await pendingAnswers.ReserveAsync(sessionEnded);
        if (await RefuseJoinAsync(name, position) is { } refused)
        {
            Leave(name, refused);
            return;
        }

        // Follow first, then read the head: a commit after that head wakes this session.
        if (!followed.TryGetValue(name, out var room))
        {
            room = rooms.Follow(name, wakeSignal);
            followed.Add(name, room);
        }

        var bounds = await log.BoundsAsync(name, sessionEnded);
        room.AdvanceHead(bounds.Head);
        var (after, resume) = position.Resolve(log.LogId, bounds);
        pendingAnswers.Post(new Answer.Joined(new RoomPosition(room, bounds, after, resume)));
    }

    private async ValueTask<Refused?> RefuseJoinAsync(string name, StartPosition position) => position switch
    {
        _ when !Names.IsRoom(name) => Refusals.InvalidRoom(name),
        { AfterId: < StartPosition.Latest } => Refusals.InvalidPosition("after_id", position.AfterId.Value),
        { ReplayLimit: < 0 } => Refusals.InvalidPosition("replay_limit", position.ReplayLimit),
        _ when !followed.ContainsKey(name) && followed.Count >= options.MaxRoomsPerStream =>
            Refusals.TooManyRoomsJoined(options.MaxRoomsPerStream),
        _ when !await caller.Rights.AllowAsync(name, RoomAccess.Read) => Refusals.MayNotRead(name),
        _ => null,
    };

    private void Leave(string name, Refused? refused)
    {
        if (followed.Remove(name, out var room))
        {
            rooms.Unfollow(room, wakeSignal);
        }

        var left = new Left
        {
            Room = Names.Truncate(name),
            Reason = refused?.Reason ?? Reason.Unspecified,
            Detail = refused?.Description ?? "",
        };
        pendingAnswers.Post(new Answer.RoomLeft(left, refused?.Limit));
    }

    private async ValueTask SendAsync(Send send, CancellationToken sessionEnded)
    {
        await pendingAnswers.ReserveAsync(sessionEnded);
        var room = send.Room.Length > 0 ? send.Room : start.FirstRoom ?? "";
        if (SendForm.RefuseRoomOrOffset(room, send.ClientOffset) is { } refused)
        {
            pendingAnswers.Post(new Answer.Refused(new Refusal
            {
                Room = Names.Truncate(room),
                ClientOffset = Names.Truncate(send.ClientOffset),
                Reason = refused.Reason,
                Detail = refused.Description,
            }));
            return;
        }

        var mayWrite = await caller.Rights.AllowAsync(room, RoomAccess.Write);
        var append = SendForm.ToAppend(
            send, pendingAnswers, room, new(caller.Sender, caller.Quota, mayWrite), options.MaxTextBytes);
        append.Activity = ChatTracing.StartAppend(room, send.ClientOffset);
        pendingAnswers.OnSendStarted();
        await log.AppendAsync(append, sessionEnded);
    }
}
