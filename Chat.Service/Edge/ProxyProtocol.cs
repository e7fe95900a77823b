using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace GrpcChat.Service.Edge;

/// <summary>
/// The PROXY protocol, version 2. A proxy that forwards bytes cannot add a header to a call. It begins each connection
/// with a few bytes that name the address for which it has opened it, ahead of TLS.
/// </summary>
/// <param name="proxies">Who must begin so. Nobody else may.</param>
/// <param name="limits">Limits the connections of the addresses that are named.</param>
internal sealed class ProxyProtocol(TrustedProxies proxies, ConnectionLimits limits)
{
    private const int HeaderBytes = 16;
    private const byte Local = 0x20;
    private const byte Proxied = 0x21;
    private const byte TcpOverIPv4 = 0x11;
    private const byte TcpOverIPv6 = 0x21;

    // A proxy sends these bytes at once.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads the address of each connection of the listener. Call it before TLS is added.</summary>
    public void Use(ListenOptions listener)
    {
        var logger = listener.ApplicationServices.GetRequiredService<ILogger<ProxyProtocol>>();
        var limited = listener.ApplicationServices.GetRequiredService<LimitCounter>();
        listener.Use(next => connection =>
            connection.RemoteEndPoint is IPEndPoint proxy && proxies.Contains(proxy.Address)
                ? OnConnectionAsync(connection, next, logger, limited)
                : next(connection));
    }

    private async Task OnConnectionAsync(
        ConnectionContext connection, ConnectionDelegate next, ILogger logger, LimitCounter limited)
    {
        var proxy = connection.RemoteEndPoint;
        try
        {
            using var timeout = new CancellationTokenSource(Timeout);
            if (await ReadAsync(connection.Transport.Input, timeout.Token) is { } caller)
            {
                connection.RemoteEndPoint = caller;
                if (limits.EnterFor(caller.Address, connection) is { } limit)
                {
                    limited.Add(limit);
                    connection.Abort();
                    return;
                }
            }
        }
        catch (Exception error) when (error is InvalidDataException or OperationCanceledException)
        {
            logger.NoProxyProtocol(proxy);
            connection.Abort();
            return;
        }
        catch (IOException)
        {
            // Closed or reset ahead of its first bytes, as by a check whether the port is open.
            connection.Abort();
            return;
        }

        await next(connection);
    }

    /// <summary>
    /// The caller that is named. Null = none: the proxy calls for itself, or for something without an address.
    /// </summary>
    /// <exception cref="InvalidDataException">The connection begins with something else.</exception>
    /// <exception cref="EndOfStreamException">It ends before.</exception>
    private static async Task<IPEndPoint?> ReadAsync(PipeReader input, CancellationToken timeout)
    {
        var header = await PeekAsync(input, HeaderBytes, timeout);
        if (!header.AsSpan().StartsWith(Signature) || header[12] is not (Local or Proxied))
        {
            throw new InvalidDataException();
        }

        // After the addresses there may be more, which is of no interest here.
        var length = HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(14));
        var bytes = await PeekAsync(input, length, timeout);
        input.TryRead(out var read);
        input.AdvanceTo(read.Buffer.GetPosition(length));
        return header[12] == Local ? null : header[13] switch
        {
            TcpOverIPv4 => ReadSource(bytes, 4),
            TcpOverIPv6 => ReadSource(bytes, 16),
            _ => null,
        };
    }

    // Source address, destination address, source port, destination port.
    private static IPEndPoint ReadSource(byte[] bytes, int addressBytes)
    {
        var port = HeaderBytes + (2 * addressBytes);
        return bytes.Length >= port + 4
            ? new IPEndPoint(
                new IPAddress(bytes.AsSpan(HeaderBytes, addressBytes)), BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(port)))
            : throw new InvalidDataException();
    }

    // Copies the next bytes and leaves them to be read.
    private static async Task<byte[]> PeekAsync(PipeReader input, int count, CancellationToken timeout)
    {
        var read = await input.ReadAtLeastAsync(count, timeout);
        var bytes = read.Buffer.Length >= count ? read.Buffer.Slice(0, count).ToArray() : null;
        var isEmpty = read.Buffer.IsEmpty;
        input.AdvanceTo(read.Buffer.Start);
        return bytes ?? throw (isEmpty ? new EndOfStreamException() : new InvalidDataException());
    }
}
