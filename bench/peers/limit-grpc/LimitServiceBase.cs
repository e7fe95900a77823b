using Grpc.Core;
using GrpcChat.V1;

namespace GrpcChat.Bench.LimitGrpc;

/// <summary>
/// Binds the method by its name, with bytes on both sides: requests are not decoded, and responses are only copied.
/// gRPC looks for the bind method in a base class.
/// </summary>
[BindServiceMethod(typeof(LimitServiceBase), nameof(BindService))]
internal abstract class LimitServiceBase
{
    private static readonly Method<byte[], Frame> ChatMethod = new(
        MethodType.DuplexStreaming,
        ChatService.Descriptor.FullName,
        nameof(Chat),
        new Marshaller<byte[]>(static (_, _) => throw new NotSupportedException(), static context => context.PayloadAsNewBuffer()),
        new Marshaller<Frame>(Frame.Serialize, static _ => throw new NotSupportedException()));

    public abstract Task Chat(
        IAsyncStreamReader<byte[]> requests,
        IServerStreamWriter<Frame> responses,
        ServerCallContext context);

    public static void BindService(ServiceBinderBase binder, LimitServiceBase? service) =>
        binder.AddMethod(ChatMethod, service is null ? null! : service.Chat);
}
