using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace GrpcChat.Service.Edge;

/// <summary>
/// Kestrel's sockets, with <see cref="ConnectionLimits"/>. Kestrel's own limit closes a connection that is one too many
/// only after the next ones have been accepted, so that a flood of them uses up the files all the same.
/// </summary>
internal sealed class LimitedTransport(
    IOptions<SocketTransportOptions> options,
    ILoggerFactory loggers,
    ConnectionLimits limits,
    LimitCounter limited,
    TimeProvider time)
    : IConnectionListenerFactory
{
    // A command or two; like probes, they do not count among the chat's connections.
    private const int MaxControlConnections = 16;

    private readonly SocketTransportFactory sockets = new(options, loggers);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(
            await sockets.BindAsync(endpoint, cancellationToken),
            endpoint switch
            {
                ManagementEndPoint management => management.Connections,
                UnixDomainSocketEndPoint => new(MaxControlConnections, MaxControlConnections, TrustedProxies.None, time),
                _ => limits,
            },
            limited,
            time);

    private sealed class Listener(
        IConnectionListener inner, ConnectionLimits limits, LimitCounter limited, TimeProvider time)
        : IConnectionListener
    {
        // A client that reconnects as soon as it is refused would otherwise do so thousands of times in a second.
        private static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(1);

        private readonly ConcurrentDictionary<ConnectionContext, Task> held = [];
        private readonly CancellationTokenSource disposed = new();

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await inner.AcceptAsync(cancellationToken) is { } connection)
            {
                if (limits.Enter(connection) is not { } limit)
                {
                    return connection;
                }

                limited.Add(limit);
                StopReading(connection);
                if (held.Count < ConnectionLimits.MaxHeld)
                {
                    held[connection] = CloseLaterAsync(connection);
                }
                else
                {
                    await CloseAsync(connection);
                }
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await disposed.CancelAsync();
            await Task.WhenAll(held.Values);
            disposed.Dispose();
            await inner.DisposeAsync();
        }

        // Its client may send as much as it likes: that stays on its side, and takes no time and no memory here.
        private static void StopReading(ConnectionContext connection)
        {
            if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
            {
                try
                {
                    socket.ReceiveBufferSize = 1;
                    socket.Shutdown(SocketShutdown.Receive);
                }
                catch (Exception error) when (error is SocketException or ObjectDisposedException)
                {
                    // The client has closed it already.
                }
            }
        }

        private static ValueTask CloseAsync(ConnectionContext connection)
        {
            connection.Abort();
            return connection.DisposeAsync();
        }

        private async Task CloseLaterAsync(ConnectionContext connection)
        {
            await Task.Delay(HoldTime, time, disposed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await CloseAsync(connection);
            held.TryRemove(connection, out _);
        }
    }
}
