using System.Text;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Connections;
using GrpcChat.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>The limits that the chat recommends for the web server.</summary>
public static class GrpcChatKestrelExtensions
{
    private const string CalmLimit = "Microsoft.AspNetCore.Server.Kestrel.Http2.MaxEnhanceYourCalmCount";

    // In a second, over five of them.
    private const int CalmCount = 2000;

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

        // Their size is limited. With more than this, or with bytes that are not UTF-8, the web server would end the
        // whole connection with all its streams. The chat looks at its own keys, and refuses a wrong value in its own
        // call.
        limits.MaxRequestHeaderCount = 1000;
        kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;

        // A reader that stops would lose its whole connection. The stall limit resets only its stream, and later.
        limits.MinResponseDataRate = null;

        // The same for a request that arrives slowly.
        limits.MinRequestBodyDataRate = null;

        // A frame counts as taken when half of this is left of it, so this is also how finely progress is seen.
        limits.MaxResponseBufferSize = 16 * 1024;

        // A client that does not see that its call has ended leaves the web server with the stream for 5 s. With a few
        // hundred such calls in a second the web server would end the connection, with all its good streams.
        // UseGrpcChatFloodLimit() counts resets instead. What the application has set stays.
        if (AppContext.GetData(CalmLimit) is null)
        {
            AppContext.SetData(CalmLimit, CalmCount);
        }
    }

    /// <summary>
    /// Closes a connection whose client floods it with HTTP/2 frames that bring nothing, such as resets, pings and
    /// settings, beyond <see cref="ChatOptions.MaxControlFramesPerSecond"/>. Use it after TLS. It reads the headers of
    /// frames, and counts every stream of the connection, not only those of the chat.
    /// </summary>
    /// <param name="listener">The endpoint.</param>
    /// <param name="onFlood">
    /// Called for each connection that is closed for this, or that ends otherwise with most of its frames used up, for
    /// example to refuse its address for a while.
    /// </param>
    /// <returns>The same endpoint.</returns>
    public static ListenOptions UseGrpcChatFloodLimit(this ListenOptions listener, Action<ConnectionContext>? onFlood = null)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var services = listener.ApplicationServices;
        var options = services.GetRequiredService<IOptions<ChatOptions>>().Value;
        var metrics = services.GetRequiredService<ChatMetrics>();
        var time = services.GetRequiredService<TimeProvider>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(FrameBudget).Namespace!);
        ((IConnectionBuilder)listener).Use(next => async connection =>
        {
            var transport = connection.Transport;
            var budget = new FrameBudget(options.MaxControlFramesPerSecond, time);
            var isFlooded = false;
            connection.Transport = new GuardedTransport(transport, budget, OnFlood);
            try
            {
                await next(connection);
            }
            finally
            {
                connection.Transport = transport;
                if (!isFlooded && budget.IsMostlySpent)
                {
                    Report();
                }
            }

            void Report()
            {
                isFlooded = true;
                metrics.OnLimited(nameof(ChatOptions.MaxControlFramesPerSecond));
                onFlood?.Invoke(connection);
            }

            void OnFlood(FrameKind kind)
            {
                Report();
                logger.Flooded($"{connection.RemoteEndPoint}", kind, options.MaxControlFramesPerSecond);
                connection.Abort(new ConnectionAbortedException($"The client floods the connection with frames of the kind {kind}."));
            }
        });
        return listener;
    }
}
