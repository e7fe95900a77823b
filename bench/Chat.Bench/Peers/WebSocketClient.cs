using System.Buffers.Text;
using System.Text;

namespace GrpcChat.Bench.Peers;

/// <summary>
/// A client of a peer whose protocol is text over one WebSocket. The derived class knows the protocol: how it opens,
/// and what its records look like.
/// </summary>
/// <param name="socket">Connected; the client disposes it.</param>
/// <param name="server">The peer, for messages of errors: "the SignalR server".</param>
/// <param name="separator">Ends each record; null = each WebSocket message is one record.</param>
internal abstract class WebSocketClient(MessageSocket socket, string server, byte? separator) : IPeerClient
{
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(30);

    private readonly byte[] send = new byte[512];

    // A WebSocket message holds whole records: the current one, and at its end those that have not been read yet.
    private Range current;
    private int unread;

    /// <summary>What this client's offsets begin with; "-" and the number of the send follow.</summary>
    protected string ClientId { get; } = SendEncoder.NewClientId();

    private ReadOnlySpan<byte> Record => socket.Message[current];

    public async ValueTask SendAsync(long first, int count, long intendedAt)
    {
        var text = BenchText.Of(intendedAt);
        for (var number = first; number < first + count; number++)
        {
            var length = WriteSend(send, number, text);
            await socket.SendAsync(send.AsMemory(0, length));
        }
    }

    public async Task ReadAsync(IArrivals arrivals, CancellationToken stop)
    {
        while (await NextAsync(stop))
        {
            Report(Record, arrivals);
            if (unread > 0)
            {
                continue;
            }

            arrivals.Pause();
            if (Answer() is { } answer)
            {
                await socket.SendAsync(answer);
            }
        }
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    /// <summary>Completes the protocol's handshake; disposes the client if that fails.</summary>
    protected static async Task<IPeerClient> OpenAsync<TClient>(TClient client, ClientSetup setup)
        where TClient : WebSocketClient
    {
        try
        {
            using var limit = new CancellationTokenSource(OpenLimit);
            await client.OpenAsync(setup, limit.Token);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns when the server has accepted the client and, for a reader, delivers messages to it.</summary>
    protected abstract Task OpenAsync(ClientSetup setup, CancellationToken limit);

    /// <summary>Writes one send, acknowledged by <paramref name="number"/>; returns its length in bytes.</summary>
    protected abstract int WriteSend(Span<byte> target, long number, string text);

    /// <summary>Reports the message or the ack in a record, if it holds one.</summary>
    /// <exception cref="InvalidDataException">The server sent something that it never sends under load.</exception>
    protected abstract void Report(ReadOnlySpan<byte> record, IArrivals arrivals);

    /// <summary>What the protocol's heartbeat wants sent now, between two WebSocket messages; null = nothing.</summary>
    protected abstract byte[]? Answer();

    protected ValueTask SendAsync(byte[] record) => socket.SendAsync(record);

    /// <summary>Reads the next record, which must begin with <paramref name="start"/>.</summary>
    protected async Task ExpectAsync(string start, CancellationToken limit)
    {
        if (!await NextAsync(limit))
        {
            throw new TimeoutException($"{server} did not send {start}… within {OpenLimit.TotalSeconds} s.");
        }

        if (!Encoding.UTF8.GetString(Record).StartsWith(start, StringComparison.Ordinal))
        {
            throw Unexpected(Record);
        }
    }

    /// <summary>The number at the beginning of <paramref name="digits"/>.</summary>
    protected long Number(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out long number, out _) ? number : throw Unexpected(digits);

    protected InvalidDataException Unexpected(ReadOnlySpan<byte> record) =>
        new($"{server} sent an unexpected record: {Encoding.UTF8.GetString(record)}");

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
        var length = unread;
        if (separator is { } end && (length = socket.Message[start..].IndexOf(end)) < 0)
        {
            throw Unexpected(socket.Message[start..]);
        }

        current = start..(start + length);
        unread -= separator is null ? length : length + 1;
        return true;
    }
}
