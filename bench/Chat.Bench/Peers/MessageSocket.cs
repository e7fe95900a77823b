using System.Net.WebSockets;

namespace GrpcChat.Bench.Peers;

/// <summary>
/// A WebSocket that reads each text message completely into one buffer. One task may read while others send.
/// </summary>
internal sealed class MessageSocket : IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket socket = new();
    private readonly SemaphoreSlim sending = new(1);
    private byte[] buffer = new byte[16 * 1024];
    private int length;
    private bool isWhole = true;

    // Cancelling a read would abort the connection, so an abandoned read is continued by the next call.
    private Task<ValueWebSocketReceiveResult>? pendingRead;

    private MessageSocket()
    {
    }

    /// <summary>The message that <see cref="ReceiveAsync"/> has read; valid until the next call.</summary>
    public ReadOnlySpan<byte> Message => buffer.AsSpan(0, length);

    public static async Task<MessageSocket> ConnectAsync(Uri address)
    {
        var opened = new MessageSocket();
        try
        {
            // The protocols have their own pings.
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

    /// <summary>Reads the next message; false = <paramref name="stop"/> was cancelled first.</summary>
    /// <exception cref="WebSocketException">The connection was lost, or the peer closed it.</exception>
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

            if (pendingRead is null)
            {
                var receiving = socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                if (receiving.IsCompletedSuccessfully)
                {
                    Take(receiving.Result);
                    continue;
                }

                pendingRead = receiving.AsTask();
            }

            await ((Task)pendingRead).WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!pendingRead.IsCompleted)
            {
                return false;
            }

            var received = await pendingRead;
            pendingRead = null;
            Take(received);
        }

        return true;
    }

    /// <summary>Sends one message; the buffer may be reused when the call has returned.</summary>
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
        if (pendingRead is not null)
        {
            await ((Task)pendingRead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
