using System.Net;
using System.Net.Sockets;

namespace GrpcChat.TestSupport;

/// <summary>
/// A network that can be broken: passes bytes between clients and a server, and cuts, stalls or delays them where a
/// test says so, or where a <see cref="Storm"/> does.
/// </summary>
internal sealed class LoopbackProxy : IAsyncDisposable
{
    private readonly Uri target;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private readonly HashSet<Link> links = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> cutsAwaited = [];
    private readonly Task accepting;
    private readonly long[] bytesLeft = [long.MaxValue, long.MaxValue];
    private TaskCompletionSource passing = Open();
    private Storm? storm;
    private int cuts;
    private volatile bool stallsWhenSpent;
    private int accepted;

    public LoopbackProxy(Uri target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{listener.LocalEndpoint}");

    /// <summary>Connections that were cut.</summary>
    public int Cuts => Volatile.Read(ref cuts);

    /// <summary>Connections that were made.</summary>
    public int Accepted => Volatile.Read(ref accepted);

    /// <summary>How long each piece of bytes takes on its way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Each connection is cut when it has carried so many bytes to the server; null = none is.</summary>
    public long? CutEachAfterSent { get; set; }

    /// <summary>The connection that carries so many more bytes from the server is cut there.</summary>
    public void CutAfter(long bytes) => Volatile.Write(ref bytesLeft[(int)Way.Down], bytes);

    /// <summary>The connection that carries so many more bytes to the server is cut there.</summary>
    public void CutAfterSent(long bytes) => Volatile.Write(ref bytesLeft[(int)Way.Up], bytes);

    /// <summary>When so many more bytes have gone to the server, everything stalls, see <see cref="Stall"/>.</summary>
    public void StallAfterSent(long bytes)
    {
        stallsWhenSpent = true;
        Volatile.Write(ref bytesLeft[(int)Way.Up], bytes);
    }

    /// <summary>Whether it passes nothing.</summary>
    public bool IsStalled
    {
        get
        {
            lock (gate)
            {
                return !passing.Task.IsCompleted;
            }
        }
    }

    /// <summary>Cuts every connection that is open.</summary>
    public void CutAll()
    {
        Link[] open;
        lock (gate)
        {
            open = [.. links];
        }

        foreach (var link in open)
        {
            Cut(link);
        }
    }

    /// <summary>Passes nothing from now on, and keeps the connections.</summary>
    public void Stall()
    {
        lock (gate)
        {
            passing = passing.Task.IsCompleted ? NewSignal() : passing;
        }
    }

    /// <summary>The connections of now pass nothing any more, and stay open, as if the machine at the other end had vanished.</summary>
    public void Abandon()
    {
        lock (gate)
        {
            foreach (var link in links)
            {
                link.IsAbandoned = true;
            }
        }
    }

    /// <summary>Passes what was held, and everything from now on.</summary>
    public void Resume()
    {
        lock (gate)
        {
            passing.TrySetResult();
        }
    }

    /// <summary>
    /// From now on each new connection meets what the storm has for it; null = calm again, also for those that are
    /// open.
    /// </summary>
    public void Meet(Storm? newStorm)
    {
        lock (gate)
        {
            storm = newStorm;
            foreach (var link in links)
            {
                link.Fault = null;
                link.Resume.TrySetResult();
            }
        }
    }

    /// <summary>Ends when so many connections have been cut.</summary>
    public Task UntilCutsAsync(int count)
    {
        lock (gate)
        {
            if (cuts >= count)
            {
                return Task.CompletedTask;
            }

            var reached = NewSignal();
            cutsAwaited.Add((count, reached));
            return reached.Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource Open()
    {
        var open = NewSignal();
        open.SetResult();
        return open;
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await listener.AcceptTcpClientAsync(stop.Token)));
                Interlocked.Increment(ref accepted);
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
            using var link = new Link(CancellationTokenSource.CreateLinkedTokenSource(stop.Token));
            lock (gate)
            {
                link.Fault = CutEachAfterSent is { } bytes
                    ? new Fault(Way.Up, bytes, Latest: TimeSpan.FromDays(1), IsStall: false, IsReset: false)
                    : storm?.Next();
                links.Add(link);
            }

            await server.ConnectAsync(target.Host, target.Port, stop.Token);
            var up = CopyAsync(client.GetStream(), server.GetStream(), Way.Up, link);
            var down = CopyAsync(server.GetStream(), client.GetStream(), Way.Down, link);
            var late = CutLateAsync(link);
            await Task.WhenAny(up, down);
            if (link.IsAbandoned)
            {
                await Task.Delay(Timeout.Infinite, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await link.Ending.CancelAsync();
            await Task.WhenAll(up, down, late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (gate)
            {
                links.Remove(link);
            }

            if (link.IsReset)
            {
                client.LingerState = server.LingerState = new LingerOption(true, 0);
            }
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, Way way, Link link)
    {
        var buffer = new byte[16 * 1024];
        var ending = link.Ending.Token;
        while (await from.ReadAsync(buffer, ending) is > 0 and var read)
        {
            if (Delay > TimeSpan.Zero)
            {
                await Task.Delay(Delay, ending);
            }

            await Volatile.Read(ref passing).Task.WaitAsync(ending);
            if (link.IsAbandoned)
            {
                await Task.Delay(Timeout.Infinite, ending);
            }

            var pass = Math.Min(link.Pass(way, read), Pass(way, read));
            await to.WriteAsync(buffer.AsMemory(0, pass), ending);
            if (way == Way.Down)
            {
                link.Begin.TrySetResult();
            }

            if (pass == read)
            {
                continue;
            }

            if (link.Fault is { IsStall: true })
            {
                // The rest waits until the storm is over or one side gives up.
                link.Begin.TrySetResult();
                await link.Resume.Task.WaitAsync(ending);
                await to.WriteAsync(buffer.AsMemory(pass, read - pass), ending);
                continue;
            }

            if (link.Fault is null && Volatile.Read(ref bytesLeft[(int)way]) == long.MaxValue)
            {
                // The storm ended just now.
                await to.WriteAsync(buffer.AsMemory(pass, read - pass), ending);
                continue;
            }

            Volatile.Write(ref bytesLeft[(int)way], long.MaxValue);
            if (stallsWhenSpent)
            {
                Stall();
                await Volatile.Read(ref passing).Task.WaitAsync(ending);
                await to.WriteAsync(buffer.AsMemory(pass, read - pass), ending);
                continue;
            }

            Cut(link);
            return;
        }
    }

    // How many of the bytes go through before a test's own cut.
    private int Pass(Way way, int read)
    {
        if (Volatile.Read(ref bytesLeft[(int)way]) == long.MaxValue)
        {
            return read;
        }

        var left = Interlocked.Add(ref bytesLeft[(int)way], -read);
        return (int)Math.Clamp(left + read, 0, read);
    }

    private async Task CutLateAsync(Link link)
    {
        if (link.Fault is { } fault)
        {
            await link.Begin.Task.WaitAsync(link.Ending.Token);
            await Task.Delay(fault.Latest, link.Ending.Token);
            if (link.Fault is not null)
            {
                Cut(link);
            }
        }
    }

    private void Cut(Link link)
    {
        lock (gate)
        {
            if (!links.Remove(link))
            {
                return;
            }

            link.IsReset = link.Fault?.IsReset ?? false;
            cuts++;
            foreach (var (_, reached) in cutsAwaited.Where(awaited => awaited.Count <= cuts))
            {
                reached.TrySetResult();
            }
        }

        link.Ending.Cancel();
    }

    /// <summary>Which way bytes go.</summary>
    internal enum Way
    {
        /// <summary>To the server.</summary>
        Up,

        /// <summary>From the server.</summary>
        Down,
    }

    /// <summary>What happens to a connection.</summary>
    /// <param name="Way">Bytes of which way are counted.</param>
    /// <param name="After">After how many it happens.</param>
    /// <param name="Latest">So long after the first bytes from the server it is cut, whatever it has carried.</param>
    /// <param name="IsStall">Then nothing passes that way, and the connection is cut as late as it can be.</param>
    /// <param name="IsReset">The cut is seen as a reset, and not as an end.</param>
    internal sealed record Fault(Way Way, long After, TimeSpan Latest, bool IsStall, bool IsReset);

    /// <summary>
    /// Cuts and stalls for one connection after the other, the same ones for the same seed. It ends by itself after so
    /// many, so that it passes also where a machine is too slow to get anything done in between.
    /// </summary>
    internal sealed class Storm(Random random, int faults)
    {
        public Fault? Next() => faults-- <= 0 ? null
            : random.Next(2) == 0
                ? new(Way.Down, random.Next(1, 16_000), Latest(), random.Next(8) == 0, random.Next(2) == 0)
                : new(Way.Up, random.Next(1, 4000), Latest(), random.Next(8) == 0, random.Next(2) == 0);

        private TimeSpan Latest() => TimeSpan.FromMilliseconds(random.Next(10, 300));
    }

    private sealed class Link(CancellationTokenSource ending) : IDisposable
    {
        private volatile bool isAbandoned;

        public bool IsAbandoned
        {
            get => isAbandoned;
            set => isAbandoned = value;
        }

        private readonly long[] carried = new long[2];
        private volatile Fault? fault;

        public CancellationTokenSource Ending { get; } = ending;

        public TaskCompletionSource Resume { get; } = NewSignal();

        /// <summary>The server has said something, or will not.</summary>
        public TaskCompletionSource Begin { get; } = NewSignal();

        public Fault? Fault
        {
            get => fault;
            set => fault = value;
        }

        public bool IsReset { get; set; }

        // How many of the bytes go through before what the storm has for this connection.
        public int Pass(Way way, int read)
        {
            var before = carried[(int)way];
            carried[(int)way] += read;
            return Fault is { } met && met.Way == way && before + read > met.After ? (int)Math.Clamp(met.After - before, 0, read) : read;
        }

        public void Dispose() => Ending.Dispose();
    }
}
