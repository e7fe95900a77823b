using Chat.Service.Log;
using Chat.Service.Rooms;
using Chat.Service.Session;
using Chat.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Primitives;

namespace Chat.Service;

/// <summary>The gRPC edge: who calls, when to stop, and which status an end becomes. No logic of the chat's own.</summary>
internal sealed class ChatGrpcService(
    IMessageLog log,
    RoomHub hub,
    OpenStreams streams,
    ChatOptions options,
    ChatMetrics metrics,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<ChatGrpcService> logger)
    : EncodedChatServiceBase
{
    public override async Task Chat(
        IAsyncStreamReader<ChatRequest> requests,
        IServerStreamWriter<Frame> responses,
        ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var start = ParseStart(http.Request.Headers);
        await context.WriteResponseHeadersAsync([]);

        var session = new ChatSession(start, log, hub, options, metrics, time);
        SessionEnd end;
        streams.Begin();
        try
        {
            var transport = new GrpcTransport(requests, responses);
            end = await session.RunAsync(transport, lifetime.ApplicationStopping, context.CancellationToken);
        }
        catch (Exception error)
        {
            throw StatusOf(error);
        }
        finally
        {
            streams.End();
        }

        switch (end)
        {
            case SessionEnd.Completed:
                return;
            case SessionEnd.Gone:
                logger.ClientGone(context.Peer);
                throw Statuses.Cancelled;
            case SessionEnd.GaveUp:
                logger.ClientGivenUp(context.Peer, lifetime.ApplicationStopping.IsCancellationRequested ? "the drain" : "the stall");
                http.Abort();
                throw Statuses.Cancelled;
            case SessionEnd.Draining:
                throw Statuses.Draining;
            case SessionEnd.StoreUnavailable:
                logger.StoreUnavailable(context.Peer, session.Error!.Message);
                throw Statuses.StoreUnavailable;
            case SessionEnd.LogDamaged:
                logger.LogDamaged(session.Error!.Message);
                throw Statuses.LogDamaged;
            case SessionEnd.RequestUnreadable:
                throw StatusOf(session.Error!);
            default:
                throw new InvalidOperationException($"{end} is no end.");
        }
    }

    private static SessionStart ParseStart(IHeaderDictionary headers)
    {
        try
        {
            return SessionStart.Parse(key => headers.TryGetValue(key, out var values) ? values : StringValues.Empty);
        }
        catch (InvalidMetadataException error)
        {
            throw Statuses.InvalidMetadata(error);
        }
    }

    private RpcException StatusOf(Exception error)
    {
        switch (error)
        {
            case RpcException { StatusCode: StatusCode.ResourceExhausted }:
                return Statuses.RequestTooLarge(options.MaxRequestBytes);
            case RpcException status:
                return status;
            case InvalidProtocolBufferException:
                return Statuses.RequestMalformed;
            case IOException or OperationCanceledException:
                return Statuses.Cancelled;
            default:
                logger.Unexpected(error);
                return Statuses.Internal;
        }
    }
}
