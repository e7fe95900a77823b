namespace Chat.Bench.Peers;

/// <summary>One HTTP/2 connection to a gRPC server, for one stream or for many that share it.</summary>
internal sealed class GrpcConnection : IDisposable
{
    /// <summary>Of each stream, in bytes: large enough that a reader that reads never makes the server wait.</summary>
    public const int LargeWindow = 1024 * 1024;

    /// <summary>The least that HTTP/2 allows: what a stream that stops reading can have on its way.</summary>
    public const int SmallWindow = 64 * 1024 - 1;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker invoker;

    /// <param name="address">http:// speaks HTTP/2 from the first byte, https:// agrees on it in the handshake.</param>
    /// <param name="window">How many bytes each stream takes before it has read any.</param>
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
