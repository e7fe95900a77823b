using System.Net.Http;
using Grpc.Core;
using Grpc.Net.Client;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// Opens channels, one per attempt. A channel that is kept has a back-off of its own, which would be added to the
/// client's.
/// </summary>
internal sealed class Channels(ChatClientOptions options)
{
    public Lease Open(string address)
    {
        if (options.Channel is { } given)
        {
            return new Lease(given, null);
        }

        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
        };
        var own = GrpcChannel.ForAddress(
            address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        return new Lease(own, own);
    }

    /// <summary>
    /// A channel for one attempt. Disposing of it disposes of the channel, unless it is the application's.
    /// </summary>
    internal readonly struct Lease(ChannelBase channel, GrpcChannel? own) : IDisposable
    {
        public ChannelBase Channel { get; } = channel;

        public void Dispose() => own?.Dispose();
    }
}
