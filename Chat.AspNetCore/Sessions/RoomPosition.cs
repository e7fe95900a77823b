using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// How far a session has delivered a room to its client. Replay and live delivery are both this position moving forward.
/// </summary>
/// <param name="room">The room.</param>
/// <param name="bounds">The room's oldest and newest id when it was joined.</param>
/// <param name="after">The last id that the client has.</param>
/// <param name="resume">Whether the client misses messages.</param>
internal sealed class RoomPosition(FollowedRoom room, RoomBounds bounds, long after, Resume resume)
{
    private long limit = long.MaxValue;

    public string Room => room.Name;

    public RoomTail Tail => room.Tail;

    /// <summary>The last id that was sent to the client.</summary>
    public long LastSentId { get; set; } = after;

    /// <summary>The newest id that has to be sent.</summary>
    public long LastDueId => Math.Min(room.Head, limit);

    /// <summary>The head at the moment of joining: when it has been sent, the room has caught up.</summary>
    public long CaughtUpId => bounds.Head;

    public bool CaughtUpSent { get; set; }

    public bool IsCaughtUpDue => !CaughtUpSent && LastSentId >= CaughtUpId;

    /// <summary>True when there is something to send for this room.</summary>
    public bool IsDue => LastSentId < LastDueId || IsCaughtUpDue;

    /// <summary>What the client is told when it has joined, before this position moves.</summary>
    public Joined ToJoined(string logId) => new()
    {
        Room = Room,
        LogId = logId,
        AfterId = LastSentId,
        OldestId = bounds.Oldest,
        HeadId = bounds.Head,
        Resume = resume,
    };

    /// <summary>The position of a client whose next message is no longer kept: it is told, and goes on with the oldest.</summary>
    /// <param name="kept">What the room has now.</param>
    public RoomPosition SkipTo(RoomBounds kept)
    {
        room.AdvanceHead(kept.Head);

        // Where no more than a certain head is due, nothing after it is promised.
        var head = Math.Max(Math.Min(kept.Head, limit), kept.Oldest - 1);
        return new RoomPosition(room, kept with { Head = head }, kept.Oldest - 1, Resume.Gap)
        {
            limit = limit == long.MaxValue ? limit : head,
        };
    }

    /// <summary>From now on, everything up to <paramref name="head"/> is due, and nothing after it.</summary>
    public void FixHead(long head)
    {
        room.AdvanceHead(head);
        limit = head;
    }
}
