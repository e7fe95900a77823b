namespace GrpcChat.AspNetCore.Sessions;

/// <summary>How the drain limit is divided, from the request to stop until the process has ended.</summary>
/// <param name="Sessions">After this time, sessions whose clients take nothing are given up.</param>
/// <param name="Host">After this time, the web server cuts off what is still open: it needs some time for the resets.</param>
/// <param name="Process">After this time, the process should have ended.</param>
internal readonly record struct DrainLimits(TimeSpan Sessions, TimeSpan Host, TimeSpan Process)
{
    public static DrainLimits Of(ChatOptions options) =>
        new(options.DrainLimit * 0.8, options.DrainLimit * 0.85, options.DrainLimit);
}
