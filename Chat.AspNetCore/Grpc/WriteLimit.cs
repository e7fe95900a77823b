namespace GrpcChat.AspNetCore.Grpc;

/// <summary>How long a client may take for a response outside the stream.</summary>
internal static class WriteLimit
{
    // The client can repeat its call.
    private static readonly TimeSpan WhenStopping = TimeSpan.FromSeconds(1);

    /// <summary>Shortens the stall limit as soon as the service is stopping, until the result is disposed of.</summary>
    public static CancellationTokenRegistration ShortenOn(
        this CancellationTokenSource stallTimeout, CancellationToken stopping) =>
        stopping.UnsafeRegister(
            static timeout => ((CancellationTokenSource)timeout!).CancelAfter(WhenStopping), stallTimeout);
}
