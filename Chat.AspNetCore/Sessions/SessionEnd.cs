namespace GrpcChat.AspNetCore.Sessions;

/// <summary>How a session ended.</summary>
/// <param name="Reason">Why it ended.</param>
/// <param name="Error">What was wrong with a request or the log, where that ended the session; otherwise null.</param>
internal readonly record struct SessionEnd(SessionEndReason Reason, Exception? Error = null)
{
    public static implicit operator SessionEnd(SessionEndReason reason) => new(reason);
}

/// <summary>Why a session ended.</summary>
internal enum SessionEndReason
{
    /// <summary>The client completed its requests and got everything that was due.</summary>
    Completed,

    /// <summary>The client or its connection is gone.</summary>
    ClientAborted,

    /// <summary>The client took nothing for too long, or the drain took too long. Nothing more can be sent to it.</summary>
    TimedOut,

    /// <summary>The service is stopping, and the client has been told.</summary>
    Draining,

    /// <summary>The caller's credentials have expired, and the client has been told.</summary>
    CredentialsExpired,

    /// <summary>An operator has blocked the sender, and the client has been told.</summary>
    Banned,

    /// <summary>A send could not be stored or a page could not be read, and the client has been told.</summary>
    StoreUnavailable,

    /// <summary>Something in the log is missing, or is not what was stored.</summary>
    LogDamaged,

    /// <summary>A request could not be read or decoded.</summary>
    RequestUnreadable,
}
