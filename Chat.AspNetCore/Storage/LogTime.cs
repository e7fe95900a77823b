namespace Chat.AspNetCore.Storage;

/// <summary>Commit times as the log keeps them: whole microseconds since 1970-01-01T00:00:00Z.</summary>
internal static class LogTime
{
    public static long ToMicroseconds(DateTimeOffset time) =>
        (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset FromMicroseconds(long microseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
