using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Chat.Tests.StandIns;

/// <summary>Sends texts in upper case and puts what comes back in brackets.</summary>
internal sealed class ShoutingInterceptor : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var louder = (TRequest)(object)((string)(object)request).ToUpperInvariant();
        var call = continuation(louder, context);
        return new AsyncUnaryCall<TResponse>(
            InBracketsAsync(call.ResponseAsync),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            call.Dispose);
    }

    private static async Task<TResponse> InBracketsAsync<TResponse>(Task<TResponse> response) =>
        (TResponse)(object)$"<{await response}>";
}
