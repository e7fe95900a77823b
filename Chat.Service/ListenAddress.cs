using System.Net;
using System.Net.Sockets;

namespace GrpcChat.Service;

/// <summary>The address to listen on, checked before anything is opened.</summary>
internal static class ListenAddress
{
    /// <summary>Reads host:port, where the host is an IP address or localhost.</summary>
    /// <exception cref="UsageException">The text is not such an address.</exception>
    public static IPEndPoint Parse(string text)
    {
        const string Localhost = "localhost:";
        var numeric = text.StartsWith(Localhost, StringComparison.OrdinalIgnoreCase)
            ? $"{IPAddress.Loopback}:{text[Localhost.Length..]}"
            : text;
        if (!numeric.Contains(':') || !IPEndPoint.TryParse(numeric, out var endpoint))
        {
            throw new UsageException($"cannot listen on '{text}': give host:port, such as 127.0.0.1:5000");
        }

        return endpoint;
    }

    /// <summary>
    /// Finds out whether the port is in use before the log is opened, so that a failed start leaves nothing behind.
    /// </summary>
    /// <exception cref="AddressNotFreeException">
    /// Another program uses the port, or the machine does not have this address.
    /// </exception>
    public static void EnsureFree(IPEndPoint endpoint)
    {
        try
        {
            using var probe = new TcpListener(endpoint);
            probe.Start();
        }
        catch (SocketException error)
        {
            throw new AddressNotFreeException(
                error.SocketErrorCode == SocketError.AddressAlreadyInUse
                    ? $"cannot listen on {endpoint}: the port is in use; end the other program, or choose another port "
                      + "with --listen (port 0 takes a free one)"
                    : $"cannot listen on {endpoint}: {error.Message}");
        }
    }
}

/// <summary>The service cannot listen on the address. The message is for the person who starts it.</summary>
internal sealed class AddressNotFreeException(string message) : Exception(message);
