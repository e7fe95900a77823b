using Chat.AspNetCore.Storage;
using Chat.V1;

namespace Chat.AspNetCore.Sessions;

/// <summary>From where a client wants to read a room on.</summary>
internal readonly record struct StartPosition
{
    /// <summary>As <see cref="AfterId"/>: nothing old.</summary>
    public const long Latest = -1;

    /// <summary>The last id that the client has seen; null = it has seen nothing.</summary>
    public long? AfterId { get; init; }

    /// <summary>The log that <see cref="AfterId"/> was taken from; empty = do not check.</summary>
    public string LogId { get; init; }

    /// <summary>At most so many of the newest missed messages; 0 = all.</summary>
    public int ReplayLimit { get; init; }

    /// <summary>Where the client starts in a room that looks like <paramref name="bounds"/> now, and what it misses.</summary>
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
