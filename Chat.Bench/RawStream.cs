using Chat.V1;
using Grpc.Core;

namespace Chat.Bench;

/// <summary>
/// A stream of which the load generator sees only bytes: building an object for every message that arrives would make
/// it the bottleneck.
/// </summary>
internal static class RawStream
{
    private static readonly Method<ChatRequest, byte[]> Method = new(
        MethodType.DuplexStreaming,
        ChatService.Descriptor.FullName,
        "Chat",
        Marshallers.Create((request, context) => Encode(request, context), _ => new ChatRequest()),
        Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes));

    public static AsyncDuplexStreamingCall<ChatRequest, byte[]> Open(ChannelBase channel, string user, string room) =>
        channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            Method, host: null, new CallOptions(new Metadata { { "user", user }, { "room", room } }));

    private static void Encode(ChatRequest request, SerializationContext context)
    {
        context.SetPayloadLength(request.CalculateSize());
        Google.Protobuf.MessageExtensions.WriteTo(request, context.GetBufferWriter());
        context.Complete();
    }
}
