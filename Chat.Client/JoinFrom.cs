namespace Chat.Client;

/// <summary>Where a room begins for a client that has no position in it yet.</summary>
public sealed record JoinFrom
{
    private JoinFrom()
    {
    }

    /// <summary>With the oldest message that is kept.</summary>
    public static JoinFrom Start { get; } = new();

    /// <summary>With what comes from now on.</summary>
    public static JoinFrom Now { get; } = new() { AfterId = -1 };

    /// <summary>With the newest messages.</summary>
    /// <param name="count">How many of them at most, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is less than 1.</exception>
    public static JoinFrom Last(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new() { Limit = count };
    }

    /// <summary>After a message that was seen before.</summary>
    /// <param name="id">Its id, from 0.</param>
    /// <param name="logId">The log that it belongs to; empty = do not check.</param>
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
