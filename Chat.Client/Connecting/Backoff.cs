namespace Chat.Client.Connecting;

/// <summary>
/// How long to wait before coming back: a random time below a limit that doubles with each failure ("full jitter", so that
/// many clients do not come back at once).
/// </summary>
internal sealed class Backoff(ChatClientOptions options)
{
    private int failures;

    public void Reset() => failures = 0;

    /// <summary>The next delay.</summary>
    public TimeSpan Next()
    {
        var limit = Math.Min(options.MaxReconnectDelay.TotalSeconds, options.ReconnectDelay.TotalSeconds * Math.Pow(2, failures++));
        return TimeSpan.FromSeconds(options.Random.NextDouble() * limit);
    }
}
