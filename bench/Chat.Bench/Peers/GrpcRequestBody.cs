using System.Net;

namespace GrpcChat.Bench.Peers;

/// <summary>The body of a request that stays open: the owner of the call writes to it until it is completed.</summary>
internal sealed class GrpcRequestBody : HttpContent
{
    private readonly TaskCompletionSource<Stream> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GrpcRequestBody() => Headers.ContentType = new("application/grpc");

    /// <summary>The stream to write to; available once the request has been started.</summary>
    public Task<Stream> Opened => opened.Task;

    /// <summary>Ends the request.</summary>
    public void Complete() => completed.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.FlushAsync();
        opened.TrySetResult(stream);
        await completed.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
