namespace GrpcChat.AspNetCore.Storage;

/// <summary>A stored message. Its strings are UTF-8, and valid only during the call that receives the row.</summary>
internal readonly ref struct MessageRow
{
    public required ReadOnlySpan<byte> Room { get; init; }
    public required long Id { get; init; }
    public required ReadOnlySpan<byte> Sender { get; init; }
    public required ReadOnlySpan<byte> Text { get; init; }
    public required ReadOnlySpan<byte> ClientOffset { get; init; }

    /// <summary>Whether the text was erased; it is empty then.</summary>
    public bool IsErased { get; init; }

    /// <summary>The time of the commit, see <see cref="LogTime"/>.</summary>
    public required long SentAt { get; init; }
}

/// <summary>Receives messages from a log, one after the other.</summary>
internal interface IMessageSink
{
    /// <summary>Takes the message, or declines it by returning false: then no more are offered.</summary>
    bool TryAdd(scoped in MessageRow row);
}

/// <summary>Commit times as the log keeps them: whole microseconds since 1970-01-01T00:00:00Z.</summary>
internal static class LogTime
{
    public static long ToMicroseconds(DateTimeOffset time) =>
        (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset FromMicroseconds(long microseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
