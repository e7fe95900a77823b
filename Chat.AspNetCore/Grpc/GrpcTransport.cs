using Grpc.Core;
using GrpcChat.AspNetCore.Sessions;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>A session's client at the other end of a gRPC call.</summary>
internal sealed class GrpcTransport(
    IAsyncStreamReader<EncodedRequest> requests,
    IServerStreamWriter<Frame> responses,
    ServerCallContext context)
    : IChatTransport
{
    public string Peer => context.Peer;

    public EncodedRequest Request => requests.Current;

    public Task OpenAsync() => context.WriteResponseHeadersAsync([]);

    public Task<bool> ReadAsync(CancellationToken stopping) => requests.MoveNext(stopping);

    // A token that is given to a write aborts the whole call when it fires, which is what giving up a client means.
    public ValueTask WriteAsync(Frame frame, CancellationToken stallTimeout) =>
        new(responses.WriteAsync(frame, stallTimeout));

    public void Abort() => context.GetHttpContext().Abort();
}
