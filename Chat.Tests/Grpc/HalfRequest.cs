using System.Net;

namespace GrpcChat.Tests.Grpc;

/// <summary>
/// The first bytes of a request, and then nothing. A client that sends "expect: 100-continue" with it is asked for the
/// body as soon as the service begins to read.
/// </summary>
internal sealed class HalfRequest : HttpContent
{
    private readonly TaskCompletionSource isRead = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the service has begun to read.</summary>
    public Task IsRead => isRead.Task;

    protected override async Task SerializeToStreamAsync(System.IO.Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(new byte[] { 0, 0, 0 });
        await stream.FlushAsync();
        isRead.SetResult();
        await Task.Delay(Timeout.Infinite);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
