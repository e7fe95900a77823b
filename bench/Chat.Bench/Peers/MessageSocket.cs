using System.Net.WebSockets;

namespace Chat.Bench.Peers;

/// <summary>A WebSocket of text messages, read whole into one buffer. One task may read while others send.</summary>
internal sealed class MessageSocket : IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket socket = new();
    private readonly SemaphoreSlim sending = new(1);
    private byte[] buffer = new byte[16 * 1024];
    private int length;
    private bool isWhole = true;

    // Cancelling a read would end the connection: a read that was left is gone on with by the next.
    private Task<ValueWebSocketReceiveResult>? left;

    private MessageSocket()
    {
    }

    /// <summary>The message that <see cref="ReceiveAsync"/> has read, until it is called again.</summary>
    public ReadOnlySpan<byte> Message => buffer.AsSpan(0, length);

    public static async Task<MessageSocket> ConnectAsync(Uri address)
    {
        var opened = new MessageSocket();
        try
        {
            // The protocols have pings of their own.
            opened.socket.Options.KeepAliveInterval = TimeSpan.Zero;
            using var limit = new CancellationTokenSource(ConnectLimit);
            await opened.socket.ConnectAsync(address, limit.Token);
            return opened;
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads the next message; false = <paramref name="stop"/> fired first.</summary>
    /// <exception cref="WebSocketException">The connection is lost, or the other side has closed it.</exception>
    public async ValueTask<bool> ReceiveAsync(CancellationToken stop)
    {
        if (isWhole)
        {
            (length, isWhole) = (0, false);
        }

        while (!isWhole)
        {
            if (stop.IsCancellationRequested)
            {
                return false;
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * length);
            }

            if (left is null)
            {
                var receiving = socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                if (receiving.IsCompletedSuccessfully)
                {
                    Take(receiving.Result);
                    continue;
                }

                left = receiving.AsTask();
            }

            await ((Task)left).WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!left.IsCompleted)
            {
                return false;
            }

            var received = await left;
            left = null;
            Take(received);
        }

        return true;
    }

    /// <summary>Sends one message; its bytes may be used again when this has ended.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> message)
    {
        await sending.WaitAsync();
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            sending.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        socket.Abort();
        if (left is not null)
        {
            await ((Task)left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        socket.Dispose();
        sending.Dispose();
    }

    private void Take(ValueWebSocketReceiveResult received)
    {
        if (received.MessageType == WebSocketMessageType.Close)
        {
            throw new WebSocketException(
                WebSocketError.ConnectionClosedPrematurely,
                $"The peer closed the connection: {socket.CloseStatus} {socket.CloseStatusDescription}");
        }

        length += received.Count;
        isWhole = received.EndOfMessage;
    }
}
