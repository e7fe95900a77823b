using System.Text;
using GrpcChat.AspNetCore;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>The limits that the chat recommends for the web server.</summary>
public static class GrpcChatKestrelExtensions
{
    /// <summary>
    /// Sets the limits that long-lived streams with slow readers need. They are for the whole server, so an application
    /// that also serves other things decides for itself.
    /// </summary>
    /// <param name="kestrel">The web server's options.</param>
    public static void UseGrpcChatLimits(this KestrelServerOptions kestrel)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        var options = kestrel.ApplicationServices.GetRequiredService<IOptions<ChatOptions>>().Value;
        var limits = kestrel.Limits;
        limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);

        // How much a client may send ahead: on one stream, and on a connection, where a few streams that are not read
        // because their clients do not read must leave enough for the others.
        limits.Http2.InitialStreamWindowSize = 96 * 1024;
        limits.Http2.InitialConnectionWindowSize = 2 * 1024 * 1024;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;

        // Their size is limited. With more than this, or with bytes that are not UTF-8, the web server would end the whole
        // connection with all its streams. The chat looks at its own keys, and refuses a wrong value in its own call.
        limits.MaxRequestHeaderCount = 1000;
        kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;

        // A reader that stops would lose its whole connection. The stall limit resets only its stream, and later.
        limits.MinResponseDataRate = null;

        // The same for a request that arrives slowly.
        limits.MinRequestBodyDataRate = null;

        // A frame counts as taken when half of this is left of it, so this is also how finely progress is seen.
        limits.MaxResponseBufferSize = 16 * 1024;
    }
}
