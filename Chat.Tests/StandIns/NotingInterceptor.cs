using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Chat.Tests.StandIns;

/// <summary>
/// Notes when a call passes on its way in and on its way out: on the server when its handler is done, on the client
/// when the call has been started, or has ended if it blocks.
/// </summary>
internal sealed class NotingInterceptor(string name, ConcurrentQueue<string> log) : Interceptor
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        BlockingUnaryCallContinuation<TRequest, TResponse> continuation) =>
        Around(() => base.BlockingUnaryCall(request, context, continuation));

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        Around(() => base.AsyncUnaryCall(request, context, continuation));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        Around(() => base.AsyncServerStreamingCall(request, context, continuation));

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation) =>
        Around(() => base.AsyncClientStreamingCall(context, continuation));

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        Around(() => base.AsyncDuplexStreamingCall(context, continuation));

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation)
    {
        log.Enqueue($"{name} before");
        var response = await base.UnaryServerHandler(request, context, continuation);
        log.Enqueue($"{name} after");
        return response;
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        log.Enqueue($"{name} before");
        var response = await base.ClientStreamingServerHandler(requestStream, context, continuation);
        log.Enqueue($"{name} after");
        return response;
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        log.Enqueue($"{name} before");
        await base.ServerStreamingServerHandler(request, responseStream, context, continuation);
        log.Enqueue($"{name} after");
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        log.Enqueue($"{name} before");
        await base.DuplexStreamingServerHandler(requestStream, responseStream, context, continuation);
        log.Enqueue($"{name} after");
    }

    private T Around<T>(Func<T> call)
    {
        log.Enqueue($"{name} before");
        var started = call();
        log.Enqueue($"{name} after");
        return started;
    }
}
