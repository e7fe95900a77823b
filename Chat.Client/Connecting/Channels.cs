using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// Opens channels, one per attempt. A channel that is kept has a back-off of its own, which would be added to the
/// client's.
/// </summary>
internal sealed class Channels(ChatClientOptions options)
{
    public Lease Open(Target target, Nodes nodes)
    {
        if (options.Channel is { } given)
        {
            return new Lease(given, null);
        }

        var handler = new SocketsHttpHandler
        {
            UseProxy = target.Proxy is not null,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
        };
        if (options.CertificateAuthorities is { } authorities)
        {
            // Such authorities are private ones, which publish no revocations.
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        if (options.ClientCertificate is { } certificate)
        {
            handler.SslOptions.ClientCertificateContext =
                SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        }

        // Without a callback, the gRPC library would connect by itself: past the proxy, and always to the first address of a
        // name.
        handler.ConnectCallback = target.Proxy is not null ? ConnectAsync
            : (context, cancellationToken) => nodes.ConnectAsync(target, context.DnsEndPoint.Port, cancellationToken);

        var own = GrpcChannel.ForAddress(
            target.Address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        return new Lease(own, own);
    }

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
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
