namespace GrpcChat.AspNetCore.Storage;

/// <summary>Some of the oldest messages of a room have been removed.</summary>
public sealed class TrimStep
{
    internal TrimStep(string room, long removed, RoomBounds bounds, double share) =>
        (Room, Removed, OldestId, Kept, Share) = (room, removed, bounds.Oldest, bounds.Head - bounds.Oldest + 1, share);

    /// <summary>The room.</summary>
    public string Room { get; }

    /// <summary>How many messages this step has removed.</summary>
    public long Removed { get; }

    /// <summary>The oldest id that is kept now; if none is kept, the id that the next message will get.</summary>
    public long OldestId { get; }

    /// <summary>How many messages the room has now.</summary>
    public long Kept { get; }

    /// <summary>How much of all rooms is done, from 0 to 1.</summary>
    public double Share { get; }
}
