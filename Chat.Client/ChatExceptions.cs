using Chat.V1;

namespace Chat.Client;

/// <summary>The service refused a message or a room: nothing was stored, and the same again would not help.</summary>
public sealed class ChatRefusedException : Exception
{
    internal ChatRefusedException(Reason reason, string detail)
        : base(detail) => Reason = reason;

    /// <summary>Why.</summary>
    public Reason Reason { get; }
}

/// <summary>The client has stopped for good, because coming back is of no use. What is in a state file stays there.</summary>
public sealed class ChatHaltedException : Exception
{
    internal ChatHaltedException(ConnectionProblem problem)
        : base(problem.Sentence) => Problem = problem;

    /// <summary>Why.</summary>
    public ConnectionProblem Problem { get; }
}

/// <summary>A call for history or rooms did not succeed within <see cref="ChatClientOptions.CallTimeout"/>.</summary>
public sealed class ChatCallException : Exception
{
    internal ChatCallException(ConnectionProblem problem, Exception? inner)
        : base(problem.Sentence, inner) => Problem = problem;

    /// <summary>Why.</summary>
    public ConnectionProblem Problem { get; }
}

/// <summary>
/// The state file can't be used or written: in use, damaged, of another service or sender, no state file at all, or the
/// disk is full. What was asked for has not happened; the message says otherwise where nobody can know.
/// </summary>
public sealed class ChatStateException : Exception
{
    internal ChatStateException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
