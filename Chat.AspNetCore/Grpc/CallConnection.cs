using Microsoft.AspNetCore.Connections.Features;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>Tells which calls come over the same connection.</summary>
internal static class CallConnection
{
    /// <summary>
    /// An object that stands for the connection of a call. It is not the connection's items: two calls that ask for
    /// them first at the same time can get two of them. A server inside a test has no connection, so there a call is
    /// one.
    /// </summary>
    public static object Of(HttpContext call) => call.Features.Get<IConnectionItemsFeature>() ?? (object)call;
}
