using Google.Protobuf;
using Grpc.Core;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Queries;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// The gRPC door: hands streams to the session host and calls to the queries, and throws their statuses.
/// </summary>
internal sealed class ChatGrpcService(
    CallerFactory callers,
    SessionHost sessions,
    ChatQueries queries,
    UnaryCallHandler unary,
    StatusMapper statuses)
    : EncodedChatService.ServiceBase
{
    public override async Task Chat(
        IAsyncStreamReader<EncodedRequest> requests,
        IServerStreamWriter<Frame> responses,
        ServerCallContext context)
    {
        try
        {
            var caller = await CallMetadata.ReadCallerAsync(context, callers);
            var start = CallMetadata.Of(context).ReadStart(caller);
            var transport = new GrpcTransport(requests, responses, context);
            var end = await sessions.RunAsync(start, transport, context.CancellationToken);
            statuses.ThrowIfFailed(end, context.Peer);
        }
        catch (Exception error)
        {
            throw statuses.Map(error, context.Peer);
        }
    }

    public override Task SendMessage(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context) =>
        unary.HandleAsync(
            requests,
            responses,
            context,
            SendMessageRequest.Parser,
            async (request, caller) => await queries.SendMessageAsync(request, caller, context.CancellationToken));

    public override Task ListMessages(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context) =>
        unary.HandlePageAsync(
            requests,
            responses,
            context,
            ListMessagesRequest.Parser,
            async (request, caller) => await queries.ListMessagesAsync(request, caller, context.CancellationToken));

    public override Task ListRooms(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<IMessage> responses,
        ServerCallContext context) =>
        unary.HandlePageAsync(
            requests,
            responses,
            context,
            ListRoomsRequest.Parser,
            async (request, caller) => await queries.ListRoomsAsync(request, caller, context.CancellationToken));
}
