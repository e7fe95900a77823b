using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.V1;

namespace GrpcChat.Verify.Load;

/// <summary>
/// Connects clients to the service. Each stream has a connection of its own: one that is kept would hide how the
/// service starts.
/// </summary>
internal sealed class Endpoints(LoadOptions options)
{
    public GrpcChannel Open(Random random)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
        };
        if (options.Authorities is { } authorities)
        {
            // Such authorities are private ones, which publish no revocations.
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return GrpcChannel.ForAddress(
            options.Addresses[random.Next(options.Addresses.Count)],
            new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
    }

    /// <summary>The metadata that says who calls.</summary>
    public Metadata Caller(string sender) => options.TokenFile is { } file
        ? new Metadata { { "authorization", $"Bearer {File.ReadAllText(file).Trim()}" } }
        : new Metadata { { "user", sender } };

    /// <summary>Whether an error is the end of a stream, after which the client comes back.</summary>
    public static bool IsEndOfStream(Exception error) =>
        error is IOException or HttpRequestException or OperationCanceledException or InvalidOperationException
        || (error is RpcException rpc && IsRetryable(rpc));

    private static bool IsRetryable(RpcException error) =>
        ChatError.Of(error) is var chat && (chat.IsRetryable || chat.Reason == "CREDENTIALS_EXPIRED");
}
