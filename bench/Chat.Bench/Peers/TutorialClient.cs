using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Chat.Bench.Peers;

/// <summary>Speaks Socket.IO 5 over Engine.IO 4, as text over one WebSocket, to the tutorial's chat.</summary>
internal sealed class TutorialClient : IPeerClient
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(30);
    private static readonly byte[] Pong = "3"u8.ToArray();

    private readonly MessageSocket socket;
    private readonly string clientId = Guid.NewGuid().ToString("N");
    private readonly byte[] sent = new byte[512];

    private TutorialClient(MessageSocket socket) => this.socket = socket;

    /// <summary>Returns when the server has called its connection handler, in which a reader starts to follow.</summary>
    public static async Task<IPeerClient> ConnectAsync(Uri address, ClientSetup setup)
    {
        var client = new TutorialClient(
            await MessageSocket.ConnectAsync(new Uri(address, "/socket.io/?EIO=4&transport=websocket")));
        try
        {
            using var limit = new CancellationTokenSource(ConnectLimit);
            await client.ExpectAsync("0{", limit.Token);
            await client.socket.SendAsync(Encoding.ASCII.GetBytes(setup.Reads
                ? string.Create(CultureInfo.InvariantCulture, $$"""40{"reads":true,"serverOffset":{{setup.After}}}""")
                : "40{}"));
            await client.ExpectAsync("40{", limit.Token);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    public async ValueTask SendAsync(long first, int count, long intendedAt)
    {
        var text = BenchText.Of(intendedAt);
        for (var number = first; number < first + count; number++)
        {
            Utf8.TryWrite(
                sent,
                CultureInfo.InvariantCulture,
                $"42{number}[\"chat message\",\"{text}\",\"{clientId}-{number}\"]",
                out var length);
            await socket.SendAsync(sent.AsMemory(0, length));
        }
    }

    public async Task ReadAsync(IArrivals arrivals, CancellationToken stop)
    {
        while (await socket.ReceiveAsync(stop))
        {
            if (socket.Message is [(byte)'2'])
            {
                await socket.SendAsync(Pong);
            }
            else
            {
                Report(socket.Message, arrivals);
                arrivals.Pause();
            }
        }
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    // 42["chat message","TEXT",ID,"..."] or 43NUMBER[]; the last value of an event is for connection state recovery.
    private static void Report(ReadOnlySpan<byte> message, IArrivals arrivals)
    {
        var start = "42[\"chat message\",\""u8;
        if (message.StartsWith(start))
        {
            var rest = message[start.Length..];
            var text = rest[..rest.IndexOf((byte)'"')];
            arrivals.Message(Number(rest[(text.Length + "\","u8.Length)..]), text);
        }
        else if (message.StartsWith("43"u8))
        {
            arrivals.Ack(Number(message["43"u8.Length..]));
        }
        else
        {
            throw Unexpected(message);
        }
    }

    private static long Number(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out long number, out _) ? number : throw Unexpected(digits);

    private static InvalidDataException Unexpected(ReadOnlySpan<byte> message) =>
        new($"The tutorial's server sent: {Encoding.UTF8.GetString(message)}");

    private async Task ExpectAsync(string start, CancellationToken limit)
    {
        if (!await socket.ReceiveAsync(limit))
        {
            throw new TimeoutException($"The tutorial's server did not send {start}… within {ConnectLimit.TotalSeconds} s.");
        }

        if (!Encoding.UTF8.GetString(socket.Message).StartsWith(start, StringComparison.Ordinal))
        {
            throw Unexpected(socket.Message);
        }
    }
}
