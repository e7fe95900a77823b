using System.Net;
using System.Threading.Channels;

namespace GrpcChat.Tests.Grpc;

/// <summary>A request whose bytes are sent when the test says so.</summary>
internal sealed class RequestInPieces : HttpContent
{
    private readonly Channel<byte[]> pieces = Channel.CreateUnbounded<byte[]>();

    /// <param name="first">The first bytes.</param>
    public RequestInPieces(params byte[] first) => Send(first);

    public void Send(params byte[] piece) => pieces.Writer.TryWrite(piece);

    public void Complete() => pieces.Writer.Complete();

    protected override Task SerializeToStreamAsync(System.IO.Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        System.IO.Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await foreach (var piece in pieces.Reader.ReadAllAsync(cancellationToken))
        {
            await stream.WriteAsync(piece, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
