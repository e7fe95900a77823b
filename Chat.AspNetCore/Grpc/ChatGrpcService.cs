using Chat.AspNetCore.Diagnostics;
using Chat.AspNetCore.Queries;
using Chat.AspNetCore.Rooms;
using Chat.AspNetCore.Sessions;
using Chat.AspNetCore.Storage;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.ObjectPool;
using Microsoft.Extensions.Primitives;

namespace Chat.AspNetCore.Grpc;

/// <summary>The gRPC edge: who calls, when to stop, and which status an end becomes. No logic of the chat's own.</summary>
internal sealed class ChatGrpcService(
    IMessageLog log,
    RoomHub hub,
    ObjectPool<Frame> frames,
    OpenStreams streams,
    UnaryCalls unary,
    UnaryTransport unaryTransport,
    PageTurns pages,
    ErrorStatus errors,
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
        streams.Begin();
        try
        {
            var start = SessionStart.Parse(MetadataOf(context));
            await context.WriteResponseHeadersAsync([]);

            await using var session = new ChatSession(start, log, hub, frames, options, metrics, time);
            var transport = new GrpcTransport(requests, responses);
            var end = await session.RunAsync(transport, lifetime.ApplicationStopping, context.CancellationToken);
            DemandCompleted(end, session.Error, context);
        }
        catch (Exception error)
        {
            throw errors.Of(error, context.Peer);
        }
        finally
        {
            streams.End();
        }
    }

    public override Task SendMessage(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context) =>
        AnswerAsync(requests, responses, context, turns: null, unary.SendMessageAsync);

    public override Task ListMessages(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context) =>
        AnswerAsync(requests, responses, context, pages, unary.ListMessagesAsync);

    public override Task ListRooms(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context) =>
        AnswerAsync(requests, responses, context, pages, unary.ListRoomsAsync);

    private static CallMetadata MetadataOf(ServerCallContext context)
    {
        var headers = context.GetHttpContext().Request.Headers;
        return new CallMetadata(key => headers.TryGetValue(key, out var values) ? values : StringValues.Empty);
    }

    private async Task AnswerAsync(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context,
        PageTurns? turns,
        UnaryCall call)
    {
        try
        {
            var sender = MetadataOf(context).Sender;
            await unaryTransport.AnswerAsync(
                requests, responses, context, turns, request => call(request, sender, context.CancellationToken));
        }
        catch (Exception error)
        {
            throw errors.Of(error, context.Peer);
        }
    }

    private void DemandCompleted(SessionEnd end, Exception? error, ServerCallContext context)
    {
        switch (end)
        {
            case SessionEnd.Completed:
                return;
            case SessionEnd.Gone:
                logger.ClientGone(context.Peer);
                throw Statuses.Cancelled;
            case SessionEnd.GaveUp:
                logger.ClientGivenUp(context.Peer, lifetime.ApplicationStopping.IsCancellationRequested ? "the drain" : "the stall");
                context.GetHttpContext().Abort();
                throw Statuses.Cancelled;
            case SessionEnd.Draining:
                throw Statuses.Draining(options.ReconnectSpread);
            case SessionEnd.StoreUnavailable:
                throw new StoreUnavailableException(error!.Message, error);
            case SessionEnd.LogDamaged or SessionEnd.RequestUnreadable:
                throw errors.Of(error!, context.Peer);
            default:
                throw new InvalidOperationException($"{end} is no end.");
        }
    }
}
