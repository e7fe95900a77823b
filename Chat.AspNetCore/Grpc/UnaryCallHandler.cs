using Google.Protobuf;
using Grpc.Core;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Sessions;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Reads the request of a unary call and writes its response, under the same rules as a stream: nothing waits for a
/// client longer than a limit, and a stop does not wait for a client that has not finished its request.
/// </summary>
internal sealed class UnaryCallHandler(
    CallerFactory callers,
    OpenCalls calls,
    PageLimiter pages,
    StatusMapper statuses,
    ChatOptions options,
    ChatMetrics metrics,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<UnaryCallHandler> logger)
{
    /// <summary>Handles a call.</summary>
    /// <param name="requests">Where the request comes from.</param>
    /// <param name="responses">Where the response goes.</param>
    /// <param name="context">The call.</param>
    /// <param name="parser">Decodes the request.</param>
    /// <param name="answer">Turns the request and the caller into the response.</param>
    /// <exception cref="RpcException">The call ends with another status than OK.</exception>
    public Task HandleAsync<TRequest>(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context,
        MessageParser<TRequest> parser,
        Func<TRequest, Caller, ValueTask<IMessage>> answer)
        where TRequest : IMessage<TRequest> =>
        HandleAsync(requests, responses, context, parser, isPage: false, answer);

    /// <summary>
    /// Handles a call whose response is a page: it waits for its turn and holds it until the page is taken.
    /// </summary>
    /// <inheritdoc cref="HandleAsync{TRequest}(IAsyncStreamReader{byte[]}, IServerStreamWriter{IMessage},
    /// ServerCallContext, MessageParser{TRequest}, Func{TRequest, Caller, ValueTask{IMessage}})"/>
    public Task HandlePageAsync<TRequest>(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context,
        MessageParser<TRequest> parser,
        Func<TRequest, Caller, ValueTask<IMessage>> answer)
        where TRequest : IMessage<TRequest> =>
        HandleAsync(requests, responses, context, parser, isPage: true, answer);

    private async Task HandleAsync<TRequest>(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context,
        MessageParser<TRequest> parser,
        bool isPage,
        Func<TRequest, Caller, ValueTask<IMessage>> answer)
        where TRequest : IMessage<TRequest>
    {
        var stopping = lifetime.ApplicationStopping;
        calls.Begin();
        using var stallTimeout = new CancellationTokenSource(options.RequestLimit, time);
        var isRead = false;
        using var gaveUp = CancellationTokenSource.CreateLinkedTokenSource(
            stopping, stallTimeout.Token, context.CancellationToken);
        try
        {
            var caller = await CallMetadata.ReadCallerAsync(context, callers);
            var encoded = await ReadOnlyRequestAsync(requests, gaveUp.Token);
            stallTimeout.CancelAfter(Timeout.InfiniteTimeSpan);
            isRead = true;
            using var turn = isPage ? await pages.WaitAsync(caller, CallConnection.Of(context.GetHttpContext()), gaveUp.Token) : null;
            var response = await answer(parser.ParseFrom(encoded), caller);
            stallTimeout.CancelAfter(options.StallLimit);
            await using var onStopping = stallTimeout.ShortenOn(stopping);
            await WriteAsync(responses, response, stallTimeout.Token);
        }
        catch (OperationCanceledException) when (!isRead && stallTimeout.IsCancellationRequested)
        {
            metrics.OnLimited(nameof(ChatOptions.RequestLimit));
            throw StatusMapper.RequestUnfinished(options.RequestLimit);
        }
        catch (OperationCanceledException) when (stallTimeout.IsCancellationRequested)
        {
            logger.ClientTimedOut(
                context.Peer,
                stopping.IsCancellationRequested ? nameof(ChatOptions.DrainLimit) : nameof(ChatOptions.StallLimit));
            context.GetHttpContext().Abort();
            throw StatusMapper.Cancelled;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw StatusMapper.Draining(options.ReconnectSpread);
        }
        catch (Exception error)
        {
            throw statuses.Map(error, context.Peer);
        }
        finally
        {
            calls.End();
        }
    }

    private static async Task WriteAsync(
        IServerStreamWriter<IMessage> responses,
        IMessage response,
        CancellationToken stallTimeout)
    {
        try
        {
            await responses.WriteAsync(response, stallTimeout);
        }
        catch (InvalidOperationException)
        {
            // gRPC throws this when the client was gone before the write.
            throw StatusMapper.Cancelled;
        }
    }

    private static async Task<byte[]> ReadOnlyRequestAsync(
        IAsyncStreamReader<byte[]> requests,
        CancellationToken gaveUp)
    {
        var request = await requests.MoveNext(gaveUp) ? requests.Current : throw StatusMapper.NotOneRequest;
        return await requests.MoveNext(gaveUp) ? throw StatusMapper.NotOneRequest : request;
    }
}
