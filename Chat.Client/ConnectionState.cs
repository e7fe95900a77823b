namespace Chat.Client;

/// <summary>Where the connection stands.</summary>
public enum ConnectionState
{
    /// <summary>An attempt is being made.</summary>
    Connecting,

    /// <summary>The service has answered; sends and messages flow.</summary>
    Connected,

    /// <summary>There is no connection; the client comes back by itself after <see cref="ConnectionProblem.RetryAfter"/>.</summary>
    Waiting,

    /// <summary>Coming back is of no use; the client has stopped. What is in a state file stays there.</summary>
    Halted,

    /// <summary>The application has disposed of the client.</summary>
    Closed,
}

/// <summary>Why there is no connection.</summary>
/// <param name="Kind">What kind of problem it is.</param>
/// <param name="Sentence">What happened and what to do, in a sentence for a person.</param>
/// <param name="RetryAfter">When the client comes back; null where it does not.</param>
public sealed record ConnectionProblem(ProblemKind Kind, string Sentence, TimeSpan? RetryAfter);

/// <summary>Kinds of <see cref="ConnectionProblem"/>.</summary>
public enum ProblemKind
{
    /// <summary>Nothing answers at the address.</summary>
    Unreachable,

    /// <summary>What answers speaks no TLS where it should, or its certificate is not trusted.</summary>
    Tls,

    /// <summary>What answers is no chat service: no HTTP/2, no gRPC, or no such call.</summary>
    NotAChatService,

    /// <summary>The connection broke, or was closed before it said anything, as by a service that wants TLS.</summary>
    Broken,

    /// <summary>Nothing came for 2.5 heartbeat intervals, so the connection was cut.</summary>
    Silent,

    /// <summary>The service ended the stream on purpose, because it stops or can't reach its store.</summary>
    EndedByService,

    /// <summary>The service sent an id that was not the next one; the message was not handed on.</summary>
    WrongId,

    /// <summary>The token provider failed.</summary>
    NoToken,

    /// <summary>The service refuses this caller: no credentials, wrong ones, or a right that is missing.</summary>
    AccessDenied,

    /// <summary>The service refuses what this client asks for.</summary>
    Refused,

    /// <summary>The service's log is damaged.</summary>
    LogDamaged,
}
