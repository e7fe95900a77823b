namespace GrpcChat.AspNetCore.Sessions;

/// <summary>When the clients of a service that goes away should reconnect.</summary>
internal static class ReconnectDelay
{
    /// <summary>A delay for one client: each gets its own, so that they do not all reconnect at once.</summary>
    /// <param name="spread">The longest delay.</param>
    public static TimeSpan Draw(TimeSpan spread) => spread * Random.Shared.NextDouble();
}
