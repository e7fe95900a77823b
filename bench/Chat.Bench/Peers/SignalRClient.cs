using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Chat.Bench.Peers;

/// <summary>Speaks SignalR's hub protocol in JSON, over one WebSocket without negotiation.</summary>
internal sealed class SignalRClient : IPeerClient
{
    private const byte Separator = 0x1e;

    // The server drops a client that says nothing for 30 s.
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(30);
    private static readonly byte[] Ping = "{\"type\":6}\u001e"u8.ToArray();
    private static readonly byte[] Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e"u8.ToArray();

    private readonly MessageSocket socket;
    private readonly string clientId = Guid.NewGuid().ToString("N");
    private readonly byte[] sent = new byte[512];
    private long pingedAt = Stopwatch.GetTimestamp();

    // A message of the socket holds whole records: the current one, and those that are still to be read, at its end.
    private Range current;
    private int unread;

    private SignalRClient(MessageSocket socket) => this.socket = socket;

    private ReadOnlySpan<byte> Record => socket.Message[current];

    /// <summary>Returns when the server has shaken hands and, for a reader, says that it follows.</summary>
    public static async Task<IPeerClient> ConnectAsync(Uri address, ClientSetup setup)
    {
        var query = setup.Reads ? string.Create(CultureInfo.InvariantCulture, $"?reads=true&after={setup.After}") : "";
        var client = new SignalRClient(await MessageSocket.ConnectAsync(new Uri(address, "/chat" + query)));
        try
        {
            using var limit = new CancellationTokenSource(ConnectLimit);
            await client.socket.SendAsync(Handshake);
            await client.ExpectAsync("{}", limit.Token);
            if (setup.Reads)
            {
                await client.ExpectAsync("""{"type":1,"target":"following",""", limit.Token);
            }

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
                $"{{\"type\":1,\"invocationId\":\"{number}\",\"target\":\"Send\",\"arguments\":[\"{text}\",\"{clientId}-{number}\"]}}\u001e",
                out var length);
            await socket.SendAsync(sent.AsMemory(0, length));
        }
    }

    public async Task ReadAsync(IArrivals arrivals, CancellationToken stop)
    {
        while (await NextAsync(stop))
        {
            Report(Record, arrivals);
            if (unread == 0)
            {
                arrivals.Pause();
            }

            // Also without load: the server's own pings come every 15 s.
            if (unread == 0 && Stopwatch.GetElapsedTime(pingedAt) > PingInterval)
            {
                pingedAt = Stopwatch.GetTimestamp();
                await socket.SendAsync(Ping);
            }
        }
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private static void Report(ReadOnlySpan<byte> record, IArrivals arrivals)
    {
        var message = "{\"type\":1,\"target\":\"chat message\",\"arguments\":[\""u8;
        var completion = "{\"type\":3,\"invocationId\":\""u8;
        if (record.StartsWith(message))
        {
            var rest = record[message.Length..];
            var text = rest[..rest.IndexOf((byte)'"')];
            arrivals.Message(Number(rest[(text.Length + "\","u8.Length)..], record), text);
        }
        else if (record.StartsWith(completion) && record.IndexOf("\"error\":"u8) < 0)
        {
            arrivals.Ack(Number(record[completion.Length..], record));
        }
        else if (!record.StartsWith("{\"type\":6"u8))
        {
            throw Unexpected(record);
        }
    }

    private static long Number(ReadOnlySpan<byte> digits, ReadOnlySpan<byte> record) =>
        Utf8Parser.TryParse(digits, out long number, out _) ? number : throw Unexpected(record);

    private static InvalidDataException Unexpected(ReadOnlySpan<byte> record) =>
        new($"The SignalR server sent: {Encoding.UTF8.GetString(record)}");

    private async ValueTask<bool> NextAsync(CancellationToken stop)
    {
        if (unread == 0)
        {
            if (!await socket.ReceiveAsync(stop))
            {
                return false;
            }

            unread = socket.Message.Length;
        }

        var start = socket.Message.Length - unread;
        var length = socket.Message[start..].IndexOf(Separator);
        if (length < 0)
        {
            throw Unexpected(socket.Message[start..]);
        }

        current = start..(start + length);
        unread -= length + 1;
        return true;
    }

    private async Task ExpectAsync(string start, CancellationToken limit)
    {
        if (!await NextAsync(limit))
        {
            throw new TimeoutException($"The SignalR server did not send {start}… within {ConnectLimit.TotalSeconds} s.");
        }

        if (!Encoding.UTF8.GetString(Record).StartsWith(start, StringComparison.Ordinal))
        {
            throw Unexpected(Record);
        }
    }
}
