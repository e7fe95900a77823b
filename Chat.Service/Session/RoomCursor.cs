using Chat.Service.Rooms;
using Chat.V1;

namespace Chat.Service.Session;

/// <summary>How far a stream has been told a room. Replay and live delivery are both this position moving on.</summary>
internal sealed class RoomCursor(FollowedRoom room, Joined joined)
{
    private long limit = long.MaxValue;

    /// <summary>Posted by the request loop, said by the response loop when the join's turn has come.</summary>
    public Joined Joined { get; } = joined;

    public string Room => room.Name;

    public RoomTail Tail => room.Tail;

    /// <summary>The last id that the client has been sent.</summary>
    public long Position { get; set; } = joined.AfterId;

    public bool CaughtUpSaid { get; set; }

    /// <summary>The newest message that is due.</summary>
    public long Through => Math.Min(room.Head, limit);

    public bool CaughtUpIsDue => !CaughtUpSaid && Position >= Joined.HeadId;

    /// <summary>From now on, no message after <paramref name="head"/> is due; all up to it are.</summary>
    public void FixHead(long head)
    {
        room.Learn(head);
        limit = head;
    }

    public bool IsDue => Position < Through || CaughtUpIsDue;
}
