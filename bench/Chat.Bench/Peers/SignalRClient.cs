using System.Diagnostics;
using System.Globalization;
using System.Text.Unicode;

namespace GrpcChat.Bench.Peers;

/// <summary>Speaks SignalR's hub protocol in JSON, over one WebSocket without negotiation.</summary>
internal sealed class SignalRClient : WebSocketClient
{
    private const byte Separator = 0x1e;

    // The server drops a client that sends nothing for 30 s.
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);
    private static readonly byte[] Ping = "{\"type\":6}\u001e"u8.ToArray();
    private static readonly byte[] Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e"u8.ToArray();

    private long pingedAt = Stopwatch.GetTimestamp();

    private SignalRClient(MessageSocket socket)
        : base(socket, "The SignalR server", Separator)
    {
    }

    /// <summary>
    /// Returns when the server has completed the handshake and, for a reader, has said that it follows.
    /// </summary>
    public static async Task<IPeerClient> ConnectAsync(Uri address, ClientSetup setup)
    {
        var query = setup.Reads ? string.Create(CultureInfo.InvariantCulture, $"?reads=true&after={setup.After}") : "";
        return await OpenAsync(new SignalRClient(await MessageSocket.ConnectAsync(new Uri(address, "/chat" + query))), setup);
    }

    protected override async Task OpenAsync(ClientSetup setup, CancellationToken limit)
    {
        await SendAsync(Handshake);
        await ExpectAsync("{}", limit);
        if (setup.Reads)
        {
            await ExpectAsync("""{"type":1,"target":"following",""", limit);
        }
    }

    protected override int WriteSend(Span<byte> target, long number, string text)
    {
        Utf8.TryWrite(
            target,
            CultureInfo.InvariantCulture,
            $"{{\"type\":1,\"invocationId\":\"{number}\",\"target\":\"Send\",\"arguments\":[\"{text}\",\"{ClientId}-{number}\"]}}\u001e",
            out var length);
        return length;
    }

    protected override void Report(ReadOnlySpan<byte> record, IArrivals arrivals)
    {
        var message = "{\"type\":1,\"target\":\"chat message\",\"arguments\":[\""u8;
        var completion = "{\"type\":3,\"invocationId\":\""u8;
        if (record.StartsWith(message))
        {
            var rest = record[message.Length..];
            var text = rest[..rest.IndexOf((byte)'"')];
            arrivals.Message(Number(rest[(text.Length + "\","u8.Length)..]), text);
        }
        else if (record.StartsWith(completion) && record.IndexOf("\"error\":"u8) < 0)
        {
            arrivals.Ack(Number(record[completion.Length..]));
        }
        else if (!record.StartsWith("{\"type\":6"u8))
        {
            throw Unexpected(record);
        }
    }

    // This also works without load: the server sends a ping of its own every 15 s, so the client reads something.
    protected override byte[]? Answer()
    {
        if (Stopwatch.GetElapsedTime(pingedAt) <= PingInterval)
        {
            return null;
        }

        pingedAt = Stopwatch.GetTimestamp();
        return Ping;
    }
}
