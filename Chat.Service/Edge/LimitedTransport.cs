using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace GrpcChat.Service.Edge;

/// <summary>
/// Kestrel's sockets, with <see cref="ConnectionLimits"/>. A connection that is one too many is closed before the next one is
/// accepted. Kestrel's own limit closes it later, so that a flood of them uses up the files all the same.
/// </summary>
internal sealed class LimitedTransport(
    IOptions<SocketTransportOptions> options, ILoggerFactory loggers, ConnectionLimits limits)
    : IConnectionListenerFactory
{
    private readonly SocketTransportFactory sockets = new(options, loggers);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(
            await sockets.BindAsync(endpoint, cancellationToken),
            endpoint is ManagementEndPoint management ? management.Connections : limits);

    private sealed class Listener(IConnectionListener inner, ConnectionLimits limits) : IConnectionListener
    {
        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await inner.AcceptAsync(cancellationToken) is { } connection)
            {
                if (limits.TryEnter(connection))
                {
                    return connection;
                }

                connection.Abort();
                await connection.DisposeAsync();
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
