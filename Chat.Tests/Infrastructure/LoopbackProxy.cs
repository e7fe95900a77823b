using System.Net;
using System.Net.Sockets;

namespace Chat.Tests.Infrastructure;

/// <summary>
/// A network that can be broken: passes bytes between clients and a server, and cuts a connection after so many bytes
/// from the server.
/// </summary>
internal sealed class LoopbackProxy : IAsyncDisposable
{
    private readonly Uri target;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;
    private long bytesLeft = long.MaxValue;

    public LoopbackProxy(Uri target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{listener.LocalEndpoint}");

    /// <summary>Connections that were cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>The connection that carries so many more bytes from the server is cut there.</summary>
    public void CutAfter(long bytes) => Volatile.Write(ref bytesLeft, bytes);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
            }
        }
        finally
        {
            await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            await server.ConnectAsync(target.Host, target.Port, stop.Token);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            var up = CopyAsync(client.GetStream(), server.GetStream(), counted: false, ending.Token);
            var down = CopyAsync(server.GetStream(), client.GetStream(), counted: true, ending.Token);
            await Task.WhenAny(up, down);
            await ending.CancelAsync();
            await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool counted, CancellationToken ending)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReadAsync(buffer, ending) is > 0 and var read)
        {
            var pass = read;
            if (counted && Volatile.Read(ref bytesLeft) != long.MaxValue)
            {
                var left = Interlocked.Add(ref bytesLeft, -read);
                pass = (int)Math.Clamp(left + read, 0, read);
            }

            await to.WriteAsync(buffer.AsMemory(0, pass), ending);
            if (pass < read)
            {
                Volatile.Write(ref bytesLeft, long.MaxValue);
                Cuts++;
                return;
            }
        }
    }
}
