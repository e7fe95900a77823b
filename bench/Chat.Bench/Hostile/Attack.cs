using System.Net;
using System.Net.Sockets;
using GrpcChat.V1;

namespace GrpcChat.Bench.Hostile;

/// <summary>What hostile clients do to a service, again and again, until they are stopped.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Connections">
/// How many clients do it at once. Each reconnects as soon as its connection is closed.
/// </param>
/// <param name="RunAsync">What one does with one connection.</param>
internal sealed record Attack(string Name, int Connections, Func<RawHttp2, CancellationToken, Task> RunAsync)
{
    /// <summary>A room with pages of the largest size.</summary>
    public const string FullRoom = "full";

    private const int FewConnections = 4;

    // As many of these parts as fit into the window of a connection.
    private const int PartBytes = 16 * 1024;
    private const int Parts = 100;
    private const int NewRooms = 50;

    public static IReadOnlyList<Attack> All { get; } =
    [
        // What the machine itself does to the figures.
        new("nothing", 0, (_, _) => Task.CompletedTask),
        .. FrameFlood.All.Select(flood => new Attack(flood.Name, FewConnections, flood.RunAsync) { Window = flood.Window }),
        new("header bombs", FewConnections, BombAsync),
        new("endless headers", FewConnections, EndlessHeadersAsync),
        new("half requests", 50, HalfRequestsAsync),
        new("many connections", 1000, (raw, stop) => raw.Closed.WaitAsync(stop)),
        new("unread pages", 50, UnreadPagesAsync) { Window = 1 },
        new("rooms under changing names", FewConnections, NewRoomsAsync),
    ];

    /// <summary>The window of a stream.</summary>
    public int Window { get; init; } = RawHttp2.MaxWindow;

    /// <summary>Attacks until stopped. Returns how many connections there were.</summary>
    /// <param name="address">The service's.</param>
    /// <param name="from">The attackers' address.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<long> AttackAsync(Uri address, IPAddress from, CancellationToken stop)
    {
        var count = 0L;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(AgainAndAgainAsync, stop)));
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return count;

        async Task AgainAndAgainAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    Interlocked.Increment(ref count);
                    await using var raw = await RawHttp2.ConnectAsync(address, from, window: Window);
                    await RunAsync(raw, stop);
                }
                catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
                {
                    // Refused or closed.
                }
            }
        }
    }

    // A header of 3 KB goes into the table, and each reference to it takes one byte.
    private static async Task BombAsync(RawHttp2 raw, CancellationToken stop)
    {
        const byte WithIndexing = 0x40;
        const byte NewestEntry = 0x80 | 62;
        var header = RawHttp2.Encode("x-bomb", new string('x', 3000));
        header[0] = WithIndexing;
        raw.Add(RawHttp2.HeadersFrame, RawHttp2.EndHeaders, 1, [.. header, .. Enumerable.Repeat(NewestEntry, 12_000)]);
        await raw.FlushAsync();
        await raw.Closed.WaitAsync(stop);
    }

    private static async Task EndlessHeadersAsync(RawHttp2 raw, CancellationToken stop)
    {
        var stream = raw.AddCall("Chat", flags: 0);
        var part = RawHttp2.Encode("x-large", new string('x', 8000));
        while (!raw.Closed.IsCompleted && !stop.IsCancellationRequested)
        {
            raw.Add(RawHttp2.ContinuationFrame, 0, stream, part);
            await raw.FlushAsync();
        }
    }

    private static async Task HalfRequestsAsync(RawHttp2 raw, CancellationToken stop)
    {
        byte[] part = [0, 0, 0x0f, 0xff, 0xff, .. new byte[PartBytes]];
        for (var i = 0; i < Parts; i++)
        {
            raw.AddData(raw.AddCall("Chat"), part);
            await raw.FlushAsync();
        }

        await raw.Closed.WaitAsync(stop);
    }

    private static async Task UnreadPagesAsync(RawHttp2 raw, CancellationToken stop)
    {
        for (var i = 0; i < Parts; i++)
        {
            var call = raw.AddCall("ListMessages");
            raw.AddData(call, FrameFlood.Framed(new ListMessagesRequest { Room = FullRoom }));
            raw.Add(RawHttp2.DataFrame, RawHttp2.EndStream, call, []);
            await raw.FlushAsync();
        }

        await raw.Closed.WaitAsync(stop);
    }

    private static async Task NewRoomsAsync(RawHttp2 raw, CancellationToken stop)
    {
        const int MostOpen = 500;
        for (var opened = 0; !raw.Closed.IsCompleted; opened++)
        {
            var name = Guid.NewGuid().ToString("N");
            var call = raw.AddCall("Chat", RawHttp2.EndHeaders, "room", "-", "user", name);
            var request = new ChatRequest
            {
                Sends = { Enumerable.Range(0, NewRooms).Select(n => new Send { Room = $"{name}-{n}", ClientOffset = "k", Text = "x" }) },
            };
            raw.AddData(call, FrameFlood.Framed(request));
            raw.Add(RawHttp2.DataFrame, RawHttp2.EndStream, call, []);
            await raw.FlushAsync();
            while (opened - raw.Ended > MostOpen && !raw.Closed.IsCompleted)
            {
                await Task.Delay(1, stop);
            }

            stop.ThrowIfCancellationRequested();
        }
    }
}
