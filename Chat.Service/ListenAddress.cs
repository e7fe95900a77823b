using System.Net;
using System.Net.Sockets;

namespace Chat.Service;

/// <summary>The address to listen on, checked before anything is opened.</summary>
internal static class ListenAddress
{
    /// <summary>Reads host:port, where the host is an address of this machine's loopback, or localhost.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static IPEndPoint Parse(string text)
    {
        const string Localhost = "localhost:";
        var numeric = text.StartsWith(Localhost, StringComparison.OrdinalIgnoreCase)
            ? $"{IPAddress.Loopback}:{text[Localhost.Length..]}"
            : text;
        if (!numeric.Contains(':') || !IPEndPoint.TryParse(numeric, out var endpoint))
        {
            throw new ArgumentException($"cannot listen on '{text}': give host:port, for instance 127.0.0.1:5000");
        }

        return IPAddress.IsLoopback(endpoint.Address)
            ? endpoint
            : throw new ArgumentException(
                $"cannot listen on '{text}': without authentication and TLS the service is for this machine alone; "
                + "listen on 127.0.0.1 or [::1]");
    }

    /// <summary>Finds a port in use before the log is opened, so that a start that fails leaves nothing behind.</summary>
    /// <exception cref="AddressNotFreeException">Another program has it, or the machine has no such address.</exception>
    public static void DemandFree(IPEndPoint endpoint)
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
                    ? $"cannot listen on {endpoint}: the port is in use; end the other program, or give --listen another "
                      + "(port 0 takes a free one)"
                    : $"cannot listen on {endpoint}: {error.Message}");
        }
    }
}

/// <summary>The address can't be listened on; the message is one sentence for the person who starts the service.</summary>
internal sealed class AddressNotFreeException(string message) : Exception(message);
