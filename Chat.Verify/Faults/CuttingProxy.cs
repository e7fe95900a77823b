using System.Net;
using System.Net.Sockets;

namespace GrpcChat.Verify.Faults;

/// <summary>
/// Passes connections on to the service, wherever it listens now, and cuts them all where it is told to. So clients
/// keep one address while the service takes a new port at each start.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;
    private CancellationTokenSource cut = new();
    private volatile Uri? target;

    public CuttingProxy()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{listener.LocalEndpoint}");

    /// <summary>Where connections go from now on; null = they are refused.</summary>
    public Uri? Target
    {
        get => target;
        set => target = value;
    }

    /// <summary>Cuts every connection that is open.</summary>
    public void CutAll() => Interlocked.Exchange(ref cut, new CancellationTokenSource()).Cancel();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        cut.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
                serving.RemoveAll(connection => connection.IsCompleted);
            }
        }
        finally
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        using (var ending = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, Volatile.Read(ref cut).Token))
        {
            try
            {
                if (Target is { } address)
                {
                    await server.ConnectAsync(address.Host, address.Port, ending.Token);
                    await Task.WhenAny(
                        client.GetStream().CopyToAsync(server.GetStream(), ending.Token),
                        server.GetStream().CopyToAsync(client.GetStream(), ending.Token));
                }
            }
            catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
            {
                // The client sees that its connection is gone.
            }

            await ending.CancelAsync();
        }
    }
}
