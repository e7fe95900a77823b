namespace GrpcChat.Bench.Peers;

/// <summary>One HTTP/2 connection to a gRPC server, for one stream or many.</summary>
internal sealed class GrpcConnection : IDisposable
{
    /// <summary>Bytes per stream: so large that a reader that keeps reading never makes the server wait.</summary>
    public const int LargeWindow = 1024 * 1024;

    /// <summary>
    /// The initial window of HTTP/2: how much the server can send to a stream that has stopped reading.
    /// </summary>
    public const int SmallWindow = 64 * 1024 - 1;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker invoker;

    /// <param name="address">
    /// http:// uses HTTP/2 with prior knowledge, https:// negotiates it in the TLS handshake.
    /// </param>
    /// <param name="window">Flow-control window of each stream, in bytes.</param>
    public GrpcConnection(Uri address, int window = LargeWindow)
    {
        Address = address;
        invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            InitialHttp2StreamWindowSize = window,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            UseCookies = false,
            UseProxy = false,
        });
    }

    public Uri Address { get; }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop) =>
        invoker.SendAsync(request, stop);

    public void Dispose() => invoker.Dispose();
}
