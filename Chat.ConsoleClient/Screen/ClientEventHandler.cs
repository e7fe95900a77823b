using System.Globalization;
using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Brings into the model what the client reports: its events, and the results of what the model has requested. Each
/// costs the same, however much the screen shows.
/// </summary>
internal sealed class ClientEventHandler(ScreenModel model)
{
    /// <summary>The maximum number of rooms in a list and for completion; nobody looks through more.</summary>
    public const int MaxKnownRooms = 1000;

    /// <summary>An event of the client. Unknown kinds are skipped.</summary>
    public void Handle(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case MessageReceived received: Handle(received, model.GetOrAdd(received.Message.Room)); break;
            case MessageAcked acked: model.Find(acked.Room)?.Acked(acked); break;
            case MessageRefused refused: Handle(refused, model.GetOrAdd(refused.Room)); break;
            case RoomJoined joined: model.GetOrAdd(joined.Room).Joined(joined); break;
            case RoomCaughtUp caughtUp when model.Find(caughtUp.Room) is { } room: room.CaughtUp(room == model.Current); break;
            case RoomGap gap: Handle(gap, model.GetOrAdd(gap.Room)); break;
            case RoomReset reset: Handle(reset, model.GetOrAdd(reset.Room)); break;
            case RoomLeft left: Handle(left); break;
            case ConnectionChanged changed: Handle(changed); break;
            case StateWriteFailed failed: model.Say(failed.Message); break;
        }
    }

    /// <summary>An unanswered message of an earlier process.</summary>
    public void Handle(PendingMessage pending) => model.GetOrAdd(pending.Room).Own.AddPending(
        new() { Sender = model.User, Text = pending.Text, Delivery = Delivery.Pending, ClientOffset = pending.ClientOffset });

    /// <summary>A requested page of history.</summary>
    public void Handle(HistoryPage page, string room)
    {
        if (model.Find(room) is not { } known)
        {
            return;
        }

        known.Add(page, model.User);
        var rows = known.RowsToScroll;
        known.RowsToScroll = 0;
        if (known == model.Current && rows > 0)
        {
            model.ScrollUp(rows, count: 0);
        }
    }

    /// <summary>The requested list of rooms.</summary>
    public void Handle(IReadOnlyList<RoomInfo> found, bool isForUser)
    {
        model.KnownRooms = [.. found.Take(MaxKnownRooms).Select(room => room.Name)];
        if (!isForUser)
        {
            model.Completion.OnNames();
            return;
        }

        model.Say(found.Count switch { 0 => "there are no rooms yet", 1 => "1 room:", var count => $"{count} rooms:" });
        foreach (var room in found.Take(MaxKnownRooms))
        {
            var at = TimeZoneInfo.ConvertTime(room.LastMessageAt, model.Zone);
            var unit = room.HeadId == 1 ? "message" : "messages";
            model.Say(string.Create(
                CultureInfo.InvariantCulture, $"  {room.Name}  {room.HeadId} {unit}, the newest on {at:d MMMM yyyy, HH:mm}"));
        }
    }

    /// <summary>The outbox has taken a text, with this client offset.</summary>
    public void HandleEnqueued(SendText sent, string clientOffset)
    {
        if (model.Find(sent.Room)?.Own.SetClientOffset(sent.Entry, clientOffset) is not { } answer)
        {
            return;
        }

        if (answer is MessageReceived)
        {
            model.Find(sent.Room)!.Settled(clientOffset);
        }
        else
        {
            Handle(answer);
        }
    }

    /// <summary>A request could not be fulfilled.</summary>
    /// <param name="intent">The request.</param>
    /// <param name="reason">The reason, for people.</param>
    public void HandleFailure(Intent intent, string reason)
    {
        switch (intent)
        {
            case SendText sent when model.Find(sent.Room) is { } room:
                room.Settle(room.Own.RefuseUnsent(sent.Entry, reason));
                return;
            case LoadOlder { Room: var name } when model.Find(name) is { } room:
                (room.IsLoading, room.RowsToScroll) = (false, 0);
                break;
            case LoadNewer { Room: var name } when model.Find(name) is { } room:
                room.IsLoading = false;
                break;
            case JoinRoom { Room: var name } when model.Find(name) is { } room:
                room.State = RoomState.Left;
                break;
            case ListRooms { IsForUser: false } when !model.Completion.OnNoNames():
                return;
        }

        model.Say(reason);
    }

    private void Handle(MessageReceived received, Room room)
    {
        var isOwn = received.Message.Sender == model.User;
        if (room.Received(received, isOwn) && !model.IsSeen(room))
        {
            room.Unread++;
        }
    }

    private void Handle(MessageRefused refused, Room room)
    {
        room.Settle(room.Own.Refuse(refused, Describe(refused.Reason, refused.Description)));
        if (room != model.Current)
        {
            room.Unread++;
        }
    }

    private static void Handle(RoomGap gap, Room room)
    {
        room.SkipTo(gap.AfterId);
        room.Say(ErrorMessages.Describe(gap));
    }

    private void Handle(RoomReset reset, Room room)
    {
        room.Reset(reset);
        room.Say(ErrorMessages.Describe(reset));
        room.Unread += model.IsSeen(room) ? 0 : 1;
    }

    private void Handle(RoomLeft left)
    {
        if (model.Find(left.Room) is not { } room)
        {
            return;
        }

        room.State = RoomState.Left;
        var wasRequested = left.Reason == RefusalReason.Unspecified;
        if (!wasRequested)
        {
            room.Say($"you are no longer in {room.Name}: {Describe(left.Reason, left.Description)}");
        }

        var other = model.Rooms.FirstOrDefault(one => one.State != RoomState.Left);
        if (room == model.Current && wasRequested && other is not null)
        {
            model.Show(other);
        }
        else if (room == model.Current)
        {
            model.Say(wasRequested ? $"you have left {room.Name}" : $"to try again, type /join {room.Name}");
        }
        else if (wasRequested && room.Own.Unanswered == 0)
        {
            model.Remove(room);
        }
        else
        {
            room.Unread++;
        }
    }

    private void Handle(ConnectionChanged changed)
    {
        model.Connection = changed;

        // The row above the status line may be too short for the message, and no other will follow.
        if (changed is { State: ConnectionState.Halted, Problem: { } problem })
        {
            model.Say(ErrorMessages.Describe(problem));
        }
    }

    private static string Describe(RefusalReason reason, string description) =>
        description.Length > 0 ? description : reason.ToString();
}
