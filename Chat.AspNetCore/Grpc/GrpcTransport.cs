using Chat.AspNetCore.Sessions;
using Grpc.Core;

namespace Chat.AspNetCore.Grpc;

/// <summary>A session's client at the other end of a gRPC call.</summary>
internal sealed class GrpcTransport(IAsyncStreamReader<EncodedRequest> requests, IServerStreamWriter<Frame> responses)
    : IChatTransport
{
    public EncodedRequest Request => requests.Current;

    public Task<bool> ReadAsync(CancellationToken stop) => requests.MoveNext(stop);

    // A token given to a write aborts the whole call when it fires, which is what giving up a client means.
    public ValueTask WriteAsync(Frame frame, CancellationToken patience) =>
        new(responses.WriteAsync(frame, patience));
}
