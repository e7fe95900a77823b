using Chat.AspNetCore.Rooms;
using Chat.AspNetCore.Storage;
using Chat.V1;

namespace Chat.AspNetCore.Sessions;

/// <summary>
/// Reads what the client asks: follows and leaves rooms, and hands its sends to the log. It answers nothing itself, it
/// adds to what is owed.
/// </summary>
internal sealed class RequestLoop(
    SessionStart start,
    Doorbell bell,
    Owed owed,
    IMessageLog log,
    RoomHub hub,
    ChatOptions options)
{
    private readonly Dictionary<string, FollowedRoom> followed = [];

    /// <summary>What made the requests unreadable, where <see cref="RequestsEnd.Unreadable"/> is how they ended.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Joins the first room, so that the first response can say so.</summary>
    public async Task JoinFirstRoomAsync(CancellationToken ending)
    {
        if (start.FirstRoom is { } room)
        {
            await JoinAsync(room, start.Position, ending);
        }
    }

    /// <summary>Reads and takes requests until the client completes them or one of the tokens fires.</summary>
    /// <param name="transport">Where requests come from.</param>
    /// <param name="stop">Please finish.</param>
    /// <param name="reading">No more is read; a request that has been read is still taken.</param>
    /// <param name="ending">The session is over.</param>
    public async Task RunAsync(
        IChatTransport transport,
        CancellationToken stop,
        CancellationToken reading,
        CancellationToken ending)
    {
        try
        {
            while (await transport.ReadAsync(reading))
            {
                await TakeAsync(transport.Request, ending);
            }

            owed.EndRequests(RequestsEnd.Completed);
        }
        catch (Exception) when (ending.IsCancellationRequested)
        {
            owed.EndRequests(RequestsEnd.Gone);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            owed.EndRequests(RequestsEnd.Stopping);
        }
        catch (Exception error)
        {
            Error = error;
            owed.EndRequests(RequestsEnd.Unreadable);
        }
    }

    /// <summary>No bell rings for this stream any more.</summary>
    public void UnfollowAll()
    {
        foreach (var room in followed.Values)
        {
            hub.Unfollow(room, bell);
        }

        followed.Clear();
    }

    // The order within one request is the contract's: leaves, joins, sends. Signals are not served yet.
    private async ValueTask TakeAsync(EncodedRequest request, CancellationToken ending)
    {
        foreach (var leave in request.Leaves)
        {
            await owed.PlaceAsync(ending);
            Leave(leave.Room, refused: null);
        }

        foreach (var join in request.Joins)
        {
            await JoinAsync(join, ending);
        }

        foreach (var send in request.Sends)
        {
            await SendAsync(send, ending);
        }
    }

    private ValueTask JoinAsync(Join join, CancellationToken ending)
    {
        var position = new StartPosition
        {
            AfterId = join.HasAfterId ? join.AfterId : null,
            LogId = join.LogId,
            ReplayLimit = join.ReplayLimit,
        };
        return JoinAsync(join.Room, position, ending);
    }

    private async ValueTask JoinAsync(string name, StartPosition position, CancellationToken ending)
    {
        await owed.PlaceAsync(ending);
        if (RefuseJoin(name, position) is { } refused)
        {
            Leave(name, refused);
            return;
        }

        // First the bell, then the head: what is committed after that head rings.
        if (!followed.TryGetValue(name, out var room))
        {
            room = hub.Follow(name, bell);
            followed.Add(name, room);
        }

        var bounds = await log.BoundsAsync(name, ending);
        room.Learn(bounds.Head);
        var (after, resume) = position.Resolve(log.LogId, bounds);
        owed.Post(new RoomCursor(room, bounds, after, resume));
    }

    private Refused? RefuseJoin(string name, StartPosition position) => position switch
    {
        _ when !Names.IsRoom(name) => Refusals.InvalidRoom(name),
        { AfterId: < StartPosition.Latest } => Refusals.InvalidPosition("after_id", position.AfterId.Value),
        { ReplayLimit: < 0 } => Refusals.InvalidPosition("replay_limit", position.ReplayLimit),
        _ when !followed.ContainsKey(name) && followed.Count >= options.MaxRoomsPerStream =>
            Refusals.TooManyRoomsJoined(options.MaxRoomsPerStream),
        _ => null,
    };

    private void Leave(string name, Refused? refused)
    {
        if (followed.Remove(name, out var room))
        {
            hub.Unfollow(room, bell);
        }

        owed.Post(new Left
        {
            Room = Names.Cut(name),
            Reason = refused?.Reason ?? Reason.Unspecified,
            Detail = refused?.Detail ?? "",
        });
    }

    private async ValueTask SendAsync(Send send, CancellationToken ending)
    {
        await owed.PlaceAsync(ending);
        var room = send.Room.Length > 0 ? send.Room : start.FirstRoom ?? "";
        if (SendForm.RefuseKey(room, send.ClientOffset) is { } refused)
        {
            owed.Post(new Refusal
            {
                Room = Names.Cut(room),
                ClientOffset = Names.Cut(send.ClientOffset),
                Reason = refused.Reason,
                Detail = refused.Detail,
            });
            return;
        }

        owed.SendBegins();
        await log.AppendAsync(SendForm.ToAppend(send, owed, room, start.Sender, options.MaxTextBytes), ending);
    }
}
