using Chat.Client;
using Chat.V1;

namespace Chat.ConsoleClient.Screen;

/// <summary>What the client reports. Each costs the same, however much the screen knows.</summary>
internal sealed partial class ScreenModel
{
    // Names for completion; more than anybody looks through.
    private const int MaxKnownRooms = 1000;
    private IReadOnlyList<string> knownRooms = [];

    /// <summary>Something happened. Kinds that are not known are skipped.</summary>
    public void Take(ChatEvent happened)
    {
        switch (happened)
        {
            case MessageReceived received: Take(received, GetRoom(received.Message.Room)); break;
            case MessageAcked acked: Find(acked.Room)?.Acked(acked); break;
            case MessageRefused refused: Take(refused, GetRoom(refused.Room)); break;
            case RoomJoined joined: GetRoom(joined.Room).Joined(joined); break;
            case RoomGap gap: Take(gap, GetRoom(gap.Room)); break;
            case RoomReset reset: Take(reset, GetRoom(reset.Room)); break;
            case RoomLeft left: Take(left); break;
            case ConnectionChanged changed: Take(changed); break;
            case StateWriteFailed notWritten: Say(notWritten.Message); break;
        }
    }

    /// <summary>A message that an earlier process has not got an answer for.</summary>
    public void Take(PendingMessage waiting) => GetRoom(waiting.Room).Own.Wait(
        new() { Sender = User, Text = waiting.Text, Delivery = Delivery.Pending, Key = waiting.ClientOffset });

    /// <summary>A page of history that was asked for.</summary>
    public void Take(HistoryPage page, string room)
    {
        if (Find(room) is not { } known)
        {
            return;
        }

        known.Page(page, User);
        var wanted = known.RowsWanted;
        known.RowsWanted = 0;
        if (known == Current && wanted > 0)
        {
            ScrollUp(wanted, mayAsk: false);
        }
    }

    /// <summary>The rooms that were asked for.</summary>
    public void Take(IReadOnlyList<RoomInfo> found)
    {
        knownRooms = [.. found.Take(MaxKnownRooms).Select(room => room.Name)];
        Say(found.Count switch { 0 => "nobody has written in any room yet", 1 => "1 room:", _ => $"{found.Count} rooms:" });
        foreach (var room in found.Take(MaxKnownRooms))
        {
            var at = TimeZoneInfo.ConvertTime(room.LastMessageAt, Zone);
            Say(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"  {room.Name}  {room.HeadId} {(room.HeadId == 1 ? "message" : "messages")}, the last on {at:d MMMM yyyy, HH:mm}"));
        }
    }

    private void Take(MessageReceived received, Room room)
    {
        var isOwn = received.Message.Sender == User;
        var isNew = room.Received(received, isOwn);
        var isSeen = room == Current && room.Timeline.Anchor is null;
        if (isNew && !isOwn && !isSeen)
        {
            room.Unread++;
        }
    }

    private void Take(MessageRefused refused, Room room)
    {
        room.Settle(room.Own.Refuse(refused.ClientOffset, Why(refused.Reason, refused.Description), refused));
        if (room != Current)
        {
            room.Unread++;
        }
    }

    private void Take(RoomGap gap, Room room)
    {
        room.Gap(gap);
        Say(room, $"{gap.AfterId - gap.LastId} messages are missing here: the service does not keep them any more");
    }

    private void Take(RoomReset reset, Room room)
    {
        room.Reset(reset);
        Say(room, "the service has another log now; this is what it keeps");
    }

    private void Take(RoomLeft left)
    {
        if (Find(left.Room) is not { } room)
        {
            return;
        }

        room.State = RoomState.Left;
        var wasAsked = left.Reason == RefusalReason.Unspecified;
        if (!wasAsked)
        {
            Say(room, $"not in {room.Name} any more: {Why(left.Reason, left.Description)}");
        }

        var other = rooms.Find(one => one.State != RoomState.Left);
        if (room == Current && wasAsked && other is not null)
        {
            Show(other);
        }
        else if (room == Current)
        {
            Say(wasAsked ? $"you have left {room.Name}" : $"/join {room.Name} tries again");
        }
        else if (wasAsked && room.Own.Unanswered == 0)
        {
            rooms.Remove(room);
        }
        else
        {
            room.Unread++;
        }
    }

    private void Take(ConnectionChanged changed)
    {
        Connection = changed;
        // The row above the status line may be too short for it, and nothing else will ever be said.
        if (changed is { State: ConnectionState.Halted, Problem: { } problem })
        {
            Say(problem.Message);
        }
    }

    private static string Why(RefusalReason reason, string detail) => detail.Length > 0 ? detail : reason.ToString();
}
