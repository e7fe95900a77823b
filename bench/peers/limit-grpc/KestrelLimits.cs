using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace GrpcChat.Bench.LimitGrpc;

/// <summary>
/// The service's limits of Kestrel, with its defaults. They are copied rather than called: Chat.AspNetCore would bring
/// the whole chat into this process, whose purpose is to run without it.
/// </summary>
internal static class KestrelLimits
{
    public static void Set(KestrelServerLimits limits)
    {
        limits.Http2.MaxStreamsPerConnection = 1000;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        limits.Http2.InitialStreamWindowSize = 96 * 1024;
        limits.Http2.InitialConnectionWindowSize = 2 * 1024 * 1024;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MinResponseDataRate = null;
        limits.MinRequestBodyDataRate = null;
        limits.MaxResponseBufferSize = 16 * 1024;
    }
}
