namespace GrpcChat.Client.Connecting;

/// <summary>
/// The delay before each attempt to reconnect: a random time below a limit that doubles with each failure ("full
/// jitter"), so that many clients do not reconnect at the same moment.
/// </summary>
internal sealed class Backoff(ChatClientOptions options)
{
    // The service is there and answers, so an attempt costs it little, and nobody has to wait for half a minute when its store is back.
    private static readonly TimeSpan MostWithoutStore = TimeSpan.FromSeconds(3);

    private int failures;

    public void Reset() => failures = 0;

    /// <param name="kind">Why the last attempt has failed.</param>
    public TimeSpan Next(ProblemKind kind)
    {
        var most = kind == ProblemKind.StoreUnavailable && MostWithoutStore < options.MaxReconnectDelay
            ? MostWithoutStore
            : options.MaxReconnectDelay;
        var limit = Math.Min(most.TotalSeconds, options.ReconnectDelay.TotalSeconds * Math.Pow(2, failures++));
        return TimeSpan.FromSeconds(options.Random.NextDouble() * limit);
    }
}
