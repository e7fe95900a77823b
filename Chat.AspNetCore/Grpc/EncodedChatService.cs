using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Takes the place of the generated service class, with marshallers of its own. A response of the stream is bytes that
/// are copied, not an object that is encoded again for every reader. A request is decoded by its reader, in a stream
/// entry by entry. What goes over the wire is exactly the contract.
/// </summary>
/// <remarks>
/// On the wire, a unary call is a stream of one request and one response. The unary calls are bound that way, so that
/// the service itself reads and writes: a request that cannot be read gets the chat's own status, an incomplete request
/// does not hold up a stop, and a response that the client does not take meets the stall limit.
/// </remarks>
internal static class EncodedChatService
{
    // Far more than the largest text with its names. A request is held until its client has completed it, so one that
    // is too large for any call is not even copied.
    private const int MaxUnaryRequestBytes = 64 * 1024;

    private static readonly Method<EncodedRequest, Frame> ChatMethod = CreateMethod(
        nameof(ServiceBase.Chat),
        new Marshaller<EncodedRequest>(NotSent, static context => new EncodedRequest(context.PayloadAsNewBuffer())),
        new Marshaller<Frame>(Serialize, NotRead<Frame>));

    private static readonly Method<byte[], IMessage> SendMessageMethod = CreateUnary(nameof(ServiceBase.SendMessage));
    private static readonly Method<byte[], IMessage> ListMessagesMethod = CreateUnary(nameof(ServiceBase.ListMessages));
    private static readonly Method<byte[], IMessage> ListRoomsMethod = CreateUnary(nameof(ServiceBase.ListRooms));

    /// <summary>gRPC's reflection looks for a property of this name, here, to find the contract of a service.</summary>
    public static Google.Protobuf.Reflection.ServiceDescriptor Descriptor => ChatService.Descriptor;

    /// <summary>
    /// Called by gRPC, which finds it by the attribute. Without a service, gRPC only asks for the methods.
    /// </summary>
    public static void BindService(ServiceBinderBase binder, ServiceBase? service)
    {
        binder.AddMethod(ChatMethod, service is null ? null! : service.Chat);
        binder.AddMethod(SendMessageMethod, service is null ? null! : service.SendMessage);
        binder.AddMethod(ListMessagesMethod, service is null ? null! : service.ListMessages);
        binder.AddMethod(ListRoomsMethod, service is null ? null! : service.ListRooms);
    }

    private static Method<TRequest, TResponse> CreateMethod<TRequest, TResponse>(
        string name,
        Marshaller<TRequest> requests,
        Marshaller<TResponse> responses) =>
        new(MethodType.DuplexStreaming, Descriptor.FullName, name, requests, responses);

    private static Method<byte[], IMessage> CreateUnary(string name) => CreateMethod(
        name,
        new Marshaller<byte[]>(NotSent, static context => context.PayloadLength <= MaxUnaryRequestBytes
            ? context.PayloadAsNewBuffer()
            : throw StatusMapper.RequestTooLarge(MaxUnaryRequestBytes)),
        new Marshaller<IMessage>(Serialize, NotRead<IMessage>));

    private static void Serialize(Frame frame, SerializationContext context)
    {
        context.SetPayloadLength(frame.Length);
        frame.CopyTo(context.GetBufferWriter());
        frame.ReleaseBytes();
        context.Complete();
    }

    private static void Serialize(IMessage response, SerializationContext context)
    {
        context.SetPayloadLength(response.CalculateSize());
        response.WriteTo(context.GetBufferWriter());
        context.Complete();
    }

    private static void NotSent<T>(T request, SerializationContext context) =>
        throw new NotSupportedException("The service does not send requests.");

    private static T NotRead<T>(DeserializationContext context) =>
        throw new NotSupportedException("The service does not read responses.");

    /// <summary>The calls of the contract.</summary>
    [BindServiceMethod(typeof(EncodedChatService), nameof(BindService))]
    internal abstract class ServiceBase
    {
        /// <summary>Serves one stream until it ends with OK or with the status that is thrown.</summary>
        public abstract Task Chat(
            IAsyncStreamReader<EncodedRequest> requests,
            IServerStreamWriter<Frame> responses,
            ServerCallContext context);

        /// <summary>
        /// Serves one unary call: reads an encoded <see cref="SendMessageRequest"/> and writes one response.
        /// </summary>
        public abstract Task SendMessage(
            IAsyncStreamReader<byte[]> requests,
            IServerStreamWriter<IMessage> responses,
            ServerCallContext context);

        /// <inheritdoc cref="SendMessage"/>
        public abstract Task ListMessages(
            IAsyncStreamReader<byte[]> requests,
            IServerStreamWriter<IMessage> responses,
            ServerCallContext context);

        /// <inheritdoc cref="SendMessage"/>
        public abstract Task ListRooms(
            IAsyncStreamReader<byte[]> requests,
            IServerStreamWriter<IMessage> responses,
            ServerCallContext context);
    }
}
