using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Chat.Tests.StandIns;

/// <summary>Answers each unary call itself, with a refusal.</summary>
internal sealed class RefusingInterceptor : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation) =>
        throw new RpcException(new Status(StatusCode.PermissionDenied, "no"));
}
