namespace GrpcChat.Client;

/// <summary>Where a room starts for a client that has no position in it yet.</summary>
public sealed record JoinFrom
{
    private JoinFrom()
    {
    }

    /// <summary>At the oldest message that the service keeps.</summary>
    public static JoinFrom Start { get; } = new();

    /// <summary>At the first new message.</summary>
    public static JoinFrom Now { get; } = new() { AfterId = -1 };

    /// <summary>At the newest messages that exist.</summary>
    /// <param name="count">The number of messages, at least 1; fewer if the room does not have so many.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is less than 1.</exception>
    public static JoinFrom Last(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new() { Limit = count };
    }

    /// <summary>After a message that the application has seen before.</summary>
    /// <param name="id">The id of the message, at least 0.</param>
    /// <param name="logId">The log that the id belongs to; empty to skip this check.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="id"/> is negative.</exception>
    public static JoinFrom After(long id, string logId = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentNullException.ThrowIfNull(logId);
        return new() { AfterId = id, LogId = logId };
    }

    internal long? AfterId { get; private init; }

    internal string LogId { get; private init; } = "";

    internal int Limit { get; private init; }
}
