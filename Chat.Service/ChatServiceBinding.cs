using Chat.Service.Session;
using Chat.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Chat.Service;

/// <summary>
/// Binds the service's methods with marshallers of its own, so that a response is bytes that are copied and not an
/// object that is encoded anew for every reader. The wire is exactly the contract's.
/// </summary>
internal static class ChatServiceBinding
{
    private static readonly Method<ChatRequest, Frame> Chat = new(
        MethodType.DuplexStreaming,
        V1.ChatService.Descriptor.FullName,
        nameof(ChatGrpcService.Chat),
        new Marshaller<ChatRequest>(NotUsed, Parse),
        new Marshaller<Frame>(Serialize, NotUsed<Frame>));

    /// <summary>Called by gRPC, which finds it by the attribute on <see cref="ChatGrpcService"/>.</summary>
    public static void BindService(ServiceBinderBase binder, ChatGrpcService? service) =>
        binder.AddMethod(Chat, service is null ? null : new DuplexStreamingServerMethod<ChatRequest, Frame>(service.Chat));

    private static ChatRequest Parse(DeserializationContext context) =>
        ChatRequest.Parser.ParseFrom(context.PayloadAsReadOnlySequence());

    private static void Serialize(Frame frame, SerializationContext context)
    {
        context.SetPayloadLength(frame.Length);
        var target = context.GetBufferWriter();
        frame.Bytes.CopyTo(target.GetSpan(frame.Length));
        target.Advance(frame.Length);
        context.Complete();
    }

    private static void NotUsed(IMessage message, SerializationContext context) =>
        throw new NotSupportedException("The service does not send requests.");

    private static T NotUsed<T>(DeserializationContext context) =>
        throw new NotSupportedException("The service does not read responses.");
}
