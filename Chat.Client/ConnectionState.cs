namespace GrpcChat.Client;

/// <summary>The state of the connection.</summary>
public enum ConnectionState
{
    /// <summary>The client is trying to connect.</summary>
    Connecting,

    /// <summary>The service has answered; messages are sent and received.</summary>
    Connected,

    /// <summary>
    /// There is no connection. The client reconnects by itself after <see cref="ConnectionProblem.RetryAfter"/>.
    /// </summary>
    Waiting,

    /// <summary>
    /// The failure is permanent; the client will not reconnect. A state file keeps what it holds.
    /// </summary>
    Halted,

    /// <summary>The application has disposed of the client.</summary>
    Closed,
}

/// <summary>Why there is no connection.</summary>
/// <param name="Kind">The kind of problem, for code.</param>
/// <param name="Message">What happened and what to do, for people: one line without a full stop.</param>
/// <param name="RetryAfter">When the client reconnects; null if it does not.</param>
public sealed record ConnectionProblem(ProblemKind Kind, string Message, TimeSpan? RetryAfter);

/// <summary>The kinds of <see cref="ConnectionProblem"/>.</summary>
public enum ProblemKind
{
    /// <summary>Nothing answers at the address.</summary>
    Unreachable,

    /// <summary>The server does not speak TLS although it should, or its certificate is not trusted.</summary>
    Tls,

    /// <summary>
    /// The server is not a chat service: it speaks no HTTP/2 or no gRPC, or it does not have the call.
    /// </summary>
    NotAChatService,

    /// <summary>
    /// The connection broke, or the server did not complete the HTTP/2 handshake, as a service does that expects TLS.
    /// </summary>
    Broken,

    /// <summary>The service sent nothing for 2.5 heartbeat intervals, so the client closed the connection.</summary>
    Silent,

    /// <summary>The service ended the stream deliberately, for example because it is stopping.</summary>
    EndedByService,

    /// <summary>The service sent an id that was not the next one. The client did not deliver that message.</summary>
    WrongId,

    /// <summary>The token provider failed.</summary>
    NoToken,

    /// <summary>The service denies access: credentials are missing or wrong, or a right is missing.</summary>
    AccessDenied,

    /// <summary>The service refuses the request.</summary>
    Refused,

    /// <summary>The service's log is damaged.</summary>
    LogDamaged,

    /// <summary>The client has a defect; the log has the exception.</summary>
    ClientDefect,

    /// <summary>
    /// The service cannot use its store now, for example because its disk is full. The client reads on, and sends again
    /// a little later.
    /// </summary>
    StoreUnavailable,

    /// <summary>
    /// <see cref="ChatClientOptions.Addresses"/> has nodes of different services: they do not share one log.
    /// </summary>
    DifferentLogs,
}
