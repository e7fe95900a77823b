using Google.Protobuf;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Chat.AspNetCore.Grpc.Discovery;

/// <summary>
/// What the generated base class of a service is, for two services at once: the versions v1 and v1alpha of server
/// reflection differ in their names alone, so both are served with the messages of v1.
/// </summary>
[BindServiceMethod(typeof(ReflectionServiceBase), nameof(BindService))]
internal abstract class ReflectionServiceBase
{
    /// <summary>Serves one stream, until it ends with OK or with the status that is thrown.</summary>
    public abstract Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requests,
        IServerStreamWriter<ServerReflectionResponse> responses,
        ServerCallContext context);

    /// <summary>Called by gRPC, which finds it by the attribute; without a service, it only asks which methods there are.</summary>
    public static void BindService(ServiceBinderBase binder, ReflectionServiceBase? service)
    {
        var handler = service is null
            ? null!
            : new DuplexStreamingServerMethod<ServerReflectionRequest, ServerReflectionResponse>(service.ServerReflectionInfo);
        binder.AddMethod(MethodOf(ServerReflection.Descriptor.FullName), handler);
        binder.AddMethod(MethodOf(global::Grpc.Reflection.V1Alpha.ServerReflection.Descriptor.FullName), handler);
    }

    private static Method<ServerReflectionRequest, ServerReflectionResponse> MethodOf(string service) => new(
        MethodType.DuplexStreaming,
        service,
        nameof(ServerReflectionInfo),
        Marshallers.Create(request => request.ToByteArray(), ServerReflectionRequest.Parser.ParseFrom),
        Marshallers.Create(response => response.ToByteArray(), ServerReflectionResponse.Parser.ParseFrom));
}
