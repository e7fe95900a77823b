using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Hosting.Systemd;

namespace GrpcChat.Service.Management;

/// <summary>
/// Systemd's socket for what a service tells it. <see cref="SystemdNotifier"/> would wait for a systemd that reads nothing, also
/// when the service is asked to stop; this waits a moment, and then leaves the news out.
/// </summary>
/// <param name="path">The value of <c>NOTIFY_SOCKET</c>; an @ at its start stands for an address that is no file.</param>
internal sealed class NotifySocket(string path) : ISystemdNotifier
{
    private const int SendTimeoutMilliseconds = 1000;

    private readonly UnixDomainSocketEndPoint address = new(path[0] == '@' ? '\0' + path[1..] : path);

    public bool IsEnabled => true;

    public void Notify(ServiceState state)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)
            {
                SendTimeout = SendTimeoutMilliseconds,
            };
            socket.Connect(address);
            socket.Send(Encoding.UTF8.GetBytes(state.ToString()));
        }
        catch (SocketException)
        {
            // Systemd is gone or busy. Whether that matters, it decides itself.
        }
    }
}
