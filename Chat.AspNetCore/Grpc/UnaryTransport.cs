using Chat.AspNetCore.Diagnostics;
using Chat.AspNetCore.Sessions;
using Google.Protobuf;
using Grpc.Core;

namespace Chat.AspNetCore.Grpc;

/// <summary>
/// The one request and the one response of a unary call, under the rules of a stream: nothing waits for a client longer
/// than the stall limit, and a stop waits for nobody who has not asked anything yet.
/// </summary>
internal sealed class UnaryTransport(
    ChatOptions options,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<UnaryTransport> logger)
{
    // What a client that does not read gets when the service stops; it can ask again.
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(1);

    /// <summary>The calls that are open.</summary>
    public OpenStreams Calls { get; } = new();

    /// <summary>Reads the request, has it answered, and writes the response.</summary>
    /// <param name="requests">Where the request comes from.</param>
    /// <param name="responses">Where the response goes.</param>
    /// <param name="context">The call.</param>
    /// <param name="turns">Where a turn is waited for, and held until the response is taken; null = nowhere.</param>
    /// <param name="answer">From the encoded request to the response.</param>
    /// <exception cref="RpcException">The call ends with another status.</exception>
    public async Task AnswerAsync(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context,
        PageTurns? turns,
        Func<byte[], ValueTask<IMessage>> answer)
    {
        var stop = lifetime.ApplicationStopping;
        Calls.Begin();
        using var patience = new CancellationTokenSource(options.StallLimit, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token, context.CancellationToken);
        try
        {
            var request = await OnlyRequestAsync(requests, waiting.Token);
            patience.CancelAfter(Timeout.InfiniteTimeSpan);
            using var turn = turns is null ? null : await turns.TakeAsync(context.GetHttpContext(), waiting.Token);
            var response = await answer(request);
            patience.CancelAfter(options.StallLimit);
            await using var hurry = stop.UnsafeRegister(
                static patience => ((CancellationTokenSource)patience!).CancelAfter(LastPatience), patience);
            await WriteAsync(responses, response, patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            logger.ClientGivenUp(context.Peer, "the stall");
            context.GetHttpContext().Abort();
            throw Statuses.Cancelled;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw Statuses.Draining(options.ReconnectSpread);
        }
        finally
        {
            Calls.End();
        }
    }

    private static async Task WriteAsync(IServerStreamWriter<IMessage> responses, IMessage response, CancellationToken patience)
    {
        try
        {
            await responses.WriteAsync(response, patience);
        }
        catch (InvalidOperationException)
        {
            // How gRPC says that the client was gone before.
            throw Statuses.Cancelled;
        }
    }

    private static async Task<byte[]> OnlyRequestAsync(IAsyncStreamReader<byte[]> requests, CancellationToken waiting)
    {
        var request = await requests.MoveNext(waiting) ? requests.Current : throw Statuses.NotOneRequest;
        return await requests.MoveNext(waiting) ? throw Statuses.NotOneRequest : request;
    }
}
