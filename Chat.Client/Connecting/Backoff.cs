namespace GrpcChat.Client.Connecting;

/// <summary>
/// The delay before each attempt to reconnect: a random time below a limit that doubles with each failure ("full
/// jitter"), so that many clients do not reconnect at the same moment.
/// </summary>
internal sealed class Backoff(ChatClientOptions options)
{
    private int failures;

    public void Reset() => failures = 0;

    public TimeSpan Next()
    {
        var limit = Math.Min(
            options.MaxReconnectDelay.TotalSeconds, options.ReconnectDelay.TotalSeconds * Math.Pow(2, failures++));
        return TimeSpan.FromSeconds(options.Random.NextDouble() * limit);
    }
}
