namespace Chat.AspNetCore.Sessions;

/// <summary>How a session ended.</summary>
internal enum SessionEnd
{
    /// <summary>The client completed its requests, and got all that was due.</summary>
    Completed,

    /// <summary>The client, or its connection, is gone.</summary>
    Gone,

    /// <summary>The client took nothing for too long, or the drain took too long; nothing more can be told to it.</summary>
    GaveUp,

    /// <summary>The service stops, and the client has been told.</summary>
    Draining,

    /// <summary>A send could not be stored, or a page not be read, and the client has been told.</summary>
    StoreUnavailable,

    /// <summary>The log misses a message; <see cref="ChatSession.Error"/> says which.</summary>
    LogDamaged,

    /// <summary>A request could not be read; <see cref="ChatSession.Error"/> says why.</summary>
    RequestUnreadable,
}
