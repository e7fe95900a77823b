using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>Where a client wants to start reading a room.</summary>
internal readonly record struct StartPosition
{
    /// <summary>A value of <see cref="AfterId"/>: only new messages.</summary>
    public const long Latest = -1;

    /// <summary>The last id that the client has seen. Null = none.</summary>
    public long? AfterId { get; init; }

    /// <summary>The log that <see cref="AfterId"/> belongs to. Empty = not checked.</summary>
    public string LogId { get; init; }

    /// <summary>The largest number of missed messages to replay, counted from the newest. 0 = all.</summary>
    public int ReplayLimit { get; init; }

    /// <summary>The id after which the client starts in a room with these bounds, and whether it misses messages.</summary>
    public (long AfterId, Resume Resume) Resolve(string logId, RoomBounds bounds)
    {
        var (oldest, head) = bounds;
        if (AfterId == Latest)
        {
            return (head, Resume.Complete);
        }

        var everything = oldest - 1;
        var (after, resume) = AfterId switch
        {
            null => (everything, Resume.Complete),
            { } id when id > head || !(string.IsNullOrEmpty(LogId) || LogId == logId) => (everything, Resume.Reset),
            { } id when id < everything => (everything, Resume.Gap),
            { } id => (id, Resume.Complete),
        };
        if (ReplayLimit == 0 || head - after <= ReplayLimit)
        {
            return (after, resume);
        }

        return (head - ReplayLimit, AfterId is not null && resume == Resume.Complete ? Resume.Gap : resume);
    }
}
