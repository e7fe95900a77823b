using Chat.Service.Log;
using Chat.Service.Rooms;
using Chat.Service.Session;
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
        IAsyncStreamReader<EncodedRequest> requests,
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

    // How gRPC for ASP.NET Core begins to say that a length does not even fit into an int.
    private const string FrameTooLarge = "Message too large";

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
            case RpcException { StatusCode: StatusCode.Unimplemented }:
                return Statuses.EncodingUnknown;
            case RpcException { StatusCode: StatusCode.Internal }: // a frame that is cut short, or marked wrongly
            case InvalidDataException or InvalidProtocolBufferException:
                return Statuses.RequestMalformed;
            case IOException when error.Message.StartsWith(FrameTooLarge, StringComparison.Ordinal):
                return Statuses.RequestTooLarge(options.MaxRequestBytes);
            case IOException or OperationCanceledException or RpcException:
                return Statuses.Cancelled;
            default:
                logger.Unexpected(error);
                return Statuses.Internal;
        }
    }
}
