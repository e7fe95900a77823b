using Chat.AspNetCore.Rooms;
using Chat.AspNetCore.Storage;
using Chat.V1;

namespace Chat.AspNetCore.Sessions;

/// <summary>How far a stream has been told a room. Replay and live delivery are both this position moving on.</summary>
/// <param name="room">The room.</param>
/// <param name="bounds">Where it began and ended when it was joined.</param>
/// <param name="after">The last id that the client has.</param>
/// <param name="resume">What the client misses.</param>
internal sealed class RoomCursor(FollowedRoom room, RoomBounds bounds, long after, Resume resume)
{
    private long limit = long.MaxValue;

    public string Room => room.Name;

    public RoomTail Tail => room.Tail;

    /// <summary>The last id that the client has been sent.</summary>
    public long Position { get; set; } = after;

    public bool CaughtUpSaid { get; set; }

    /// <summary>The newest message that is due.</summary>
    public long Through => Math.Min(room.Head, limit);

    /// <summary>The head that the join named: there the replay is over.</summary>
    public long CaughtUpId => bounds.Head;

    public bool CaughtUpIsDue => !CaughtUpSaid && Position >= CaughtUpId;

    /// <summary>What the response loop says when the join's turn has come, before the cursor moves.</summary>
    public Joined ToJoined(string logId) => new()
    {
        Room = Room,
        LogId = logId,
        AfterId = Position,
        OldestId = bounds.Oldest,
        HeadId = bounds.Head,
        Resume = resume,
    };

    /// <summary>From now on, no message after <paramref name="head"/> is due; all up to it are.</summary>
    public void FixHead(long head)
    {
        room.Learn(head);
        limit = head;
    }

    public bool IsDue => Position < Through || CaughtUpIsDue;
}
