namespace GrpcChat.Client;

/// <summary>
/// The service refused a message or a room. Nothing was stored, and the same would be refused again until what
/// <see cref="Reason"/> names has changed.
/// </summary>
public sealed class ChatRefusedException : Exception
{
    /// <summary>Creates an exception; for tests.</summary>
    /// <param name="reason">The reason, for code.</param>
    /// <param name="description">The reason, for people.</param>
    public ChatRefusedException(RefusalReason reason, string description)
        : base(description) => Reason = reason;

    /// <summary>The reason, for code.</summary>
    public RefusalReason Reason { get; }
}

/// <summary>
/// The client has stopped because the failure is permanent; it will not reconnect. A state file keeps what it holds.
/// </summary>
public sealed class ChatHaltedException : Exception
{
    /// <summary>Creates an exception; for tests.</summary>
    /// <param name="problem">Why the client has stopped.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public ChatHaltedException(ConnectionProblem problem, Exception? inner = null)
        : base(problem.Message, inner) => Problem = problem;

    /// <summary>Why the client has stopped.</summary>
    public ConnectionProblem Problem { get; }
}

/// <summary>A call for history or rooms did not succeed within <see cref="ChatClientOptions.CallTimeout"/>.</summary>
public sealed class ChatCallException : Exception
{
    /// <summary>Creates an exception; for tests.</summary>
    /// <param name="problem">Why the call failed.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public ChatCallException(ConnectionProblem problem, Exception? inner = null)
        : base(problem.Message, inner) => Problem = problem;

    /// <summary>Why the call failed.</summary>
    public ConnectionProblem Problem { get; }
}

/// <summary>
/// The durable state could not be used or written: it is in use, damaged or belongs to another service or sender, there
/// is none, or the disk is full. Unless the message says otherwise, the operation has not happened.
/// </summary>
public sealed class ChatStateException : Exception
{
    /// <summary>Creates an exception; for a <see cref="State.ClientStateStore"/>.</summary>
    /// <param name="message">What happened and what to do, for people.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public ChatStateException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
