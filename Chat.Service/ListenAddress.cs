using System.Net;
using System.Net.Sockets;

namespace GrpcChat.Service;

/// <summary>The address to listen on, checked before anything is opened.</summary>
internal static class ListenAddress
{
    /// <summary>Reads host:port, where the host is an IP address or localhost.</summary>
    /// <param name="text">What is to be read.</param>
    /// <param name="option">The option that it is the value of, for messages.</param>
    /// <exception cref="UsageException">The text is not such an address.</exception>
    public static IPEndPoint Parse(string text, ServiceOption option)
    {
        const string Localhost = "localhost:";
        var numeric = text.StartsWith(Localhost, StringComparison.OrdinalIgnoreCase)
            ? $"{IPAddress.Loopback}:{text[Localhost.Length..]}"
            : text;
        if (!numeric.Contains(':') || !IPEndPoint.TryParse(numeric, out var endpoint))
        {
            throw new UsageException(
                $"{ServiceSettings.ArgumentName(option.Name)} is '{text}', but must be {option.Allowed}, such as 127.0.0.1:5000");
        }

        return endpoint;
    }

    /// <summary>
    /// Finds out whether the port is in use before the log is opened, so that a failed start leaves nothing behind.
    /// </summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="option">The option that says so, for messages.</param>
    /// <exception cref="AddressNotFreeException">
    /// Another program uses the port, or the machine does not have this address.
    /// </exception>
    public static void EnsureFree(IPEndPoint endpoint, ServiceOption option)
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
                      + $"with {ServiceSettings.ArgumentName(option.Name)} (port 0 takes a free one)"
                    : $"cannot listen on {endpoint}: {error.Message}");
        }
    }
}

/// <summary>The service cannot listen on the address. The message is for the person who starts it.</summary>
internal sealed class AddressNotFreeException(string message) : Exception(message);
