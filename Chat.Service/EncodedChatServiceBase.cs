using Chat.Service.Session;
using Chat.V1;
using Grpc.Core;

namespace Chat.Service;

/// <summary>
/// What the generated base class of a service is, with marshallers of its own: a response is bytes that are copied, and
/// not an object that is encoded anew for every reader; a request is decoded entry by entry. The wire is exactly the contract's.
/// </summary>
[BindServiceMethod(typeof(EncodedChatServiceBase), nameof(BindService))]
internal abstract class EncodedChatServiceBase
{
    private static readonly Method<EncodedRequest, Frame> ChatMethod = new(
        MethodType.DuplexStreaming,
        ChatService.Descriptor.FullName,
        nameof(Chat),
        new Marshaller<EncodedRequest>(NotUsed, Take),
        new Marshaller<Frame>(Serialize, NotUsed<Frame>));

    /// <summary>Serves one stream, until it ends with OK or with the status that is thrown.</summary>
    public abstract Task Chat(
        IAsyncStreamReader<EncodedRequest> requests,
        IServerStreamWriter<Frame> responses,
        ServerCallContext context);

    /// <summary>Called by gRPC, which finds it by the attribute; without a service, it only asks which methods there are.</summary>
    public static void BindService(ServiceBinderBase binder, EncodedChatServiceBase? service) =>
        binder.AddMethod(
            ChatMethod,
            service is null ? null! : new DuplexStreamingServerMethod<EncodedRequest, Frame>(service.Chat));

    private static EncodedRequest Take(DeserializationContext context) => new(context.PayloadAsNewBuffer());

    private static void Serialize(Frame frame, SerializationContext context)
    {
        context.SetPayloadLength(frame.Length);
        var target = context.GetBufferWriter();
        frame.Bytes.CopyTo(target.GetSpan(frame.Length));
        target.Advance(frame.Length);
        context.Complete();
    }

    private static void NotUsed(EncodedRequest request, SerializationContext context) =>
        throw new NotSupportedException("The service does not send requests.");

    private static T NotUsed<T>(DeserializationContext context) =>
        throw new NotSupportedException("The service does not read responses.");
}
