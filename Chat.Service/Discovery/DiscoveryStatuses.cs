using Grpc.Core;

namespace Chat.Service.Discovery;

/// <summary>The final statuses that only health and reflection give.</summary>
internal static class DiscoveryStatuses
{
    public static RpcException ReflectionOff => new(new Status(
        StatusCode.Unimplemented, "server reflection is off; the service's option CHAT_REFLECTION=true switches it on"));

    public static RpcException ServiceUnknown(string service) => new(new Status(
        StatusCode.NotFound, $"'{Names.Cut(service)}' is no service whose health is known here"));
}
