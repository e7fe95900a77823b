using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace GrpcChat.Bench.Peers;

/// <summary>Speaks Socket.IO 5 over Engine.IO 4, as text over one WebSocket, to the tutorial's chat.</summary>
internal sealed class TutorialClient : WebSocketClient
{
    private static readonly byte[] Pong = "3"u8.ToArray();

    private bool wasPinged;

    private TutorialClient(MessageSocket socket)
        : base(socket, "The tutorial's server", separator: null)
    {
    }

    /// <summary>
    /// Returns when the server has called its connection handler, which makes a reader follow the chat.
    /// </summary>
    public static async Task<IPeerClient> ConnectAsync(Uri address, ClientSetup setup)
    {
        var socket = await MessageSocket.ConnectAsync(new Uri(address, "/socket.io/?EIO=4&transport=websocket"));
        return await OpenAsync(new TutorialClient(socket), setup);
    }

    protected override async Task OpenAsync(ClientSetup setup, CancellationToken limit)
    {
        await ExpectAsync("0{", limit);
        await SendAsync(Encoding.ASCII.GetBytes(setup.Reads
            ? string.Create(CultureInfo.InvariantCulture, $$"""40{"reads":true,"serverOffset":{{setup.After}}}""")
            : "40{}"));
        await ExpectAsync("40{", limit);
    }

    protected override int WriteSend(Span<byte> target, long number, string text)
    {
        Utf8.TryWrite(
            target,
            CultureInfo.InvariantCulture,
            $"42{number}[\"chat message\",\"{text}\",\"{ClientId}-{number}\"]",
            out var length);
        return length;
    }

    // 42["chat message","TEXT",ID,"..."] or 43NUMBER[]; the last value of an event is for connection state recovery.
    protected override void Report(ReadOnlySpan<byte> record, IArrivals arrivals)
    {
        var start = "42[\"chat message\",\""u8;
        if (record.StartsWith(start))
        {
            var rest = record[start.Length..];
            var text = rest[..rest.IndexOf((byte)'"')];
            arrivals.Message(Number(rest[(text.Length + "\","u8.Length)..]), text);
        }
        else if (record.StartsWith("43"u8))
        {
            arrivals.Ack(Number(record["43"u8.Length..]));
        }
        else if (record is [(byte)'2'])
        {
            wasPinged = true;
        }
        else
        {
            throw Unexpected(record);
        }
    }

    protected override byte[]? Answer()
    {
        var answer = wasPinged ? Pong : null;
        wasPinged = false;
        return answer;
    }
}
