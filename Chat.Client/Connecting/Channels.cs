using System.Net.Http;
using Grpc.Core;
using Grpc.Net.Client;

namespace Chat.Client.Connecting;

/// <summary>
/// Opens channels. Each attempt has one of its own, because a channel that is kept has a backoff of its own, which would come
/// on top.
/// </summary>
internal sealed class Channels(ChatClientOptions options)
{
    public Lease Open(string address) => options.Channel is { } given ? new(given, null) : new(address, options);

    /// <summary>A channel for one attempt.</summary>
    internal readonly struct Lease : IDisposable
    {
        private readonly GrpcChannel? own;

        public Lease(string address, ChatClientOptions options)
        {
            var handler = new SocketsHttpHandler
            {
                ConnectTimeout = options.ConnectTimeout,
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                KeepAlivePingDelay = TimeSpan.FromSeconds(30),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
            };
            own = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
            Channel = own;
        }

        public Lease(ChannelBase channel, GrpcChannel? own)
        {
            Channel = channel;
            this.own = own;
        }

        public ChannelBase Channel { get; }

        public void Dispose() => own?.Dispose();
    }
}
