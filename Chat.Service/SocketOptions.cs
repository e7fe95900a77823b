using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace GrpcChat.Service;

/// <summary>The settings of the service's sockets. An application that embeds the chat decides these itself.</summary>
internal static class SocketOptions
{
    // Connections that wait to be accepted; the system may allow fewer. After a restart all clients reconnect at once,
    // and those that find the queue full are reset or try again only after a second.
    private const int Backlog = 4096;

    public static void Set(SocketTransportOptions sockets)
    {
        sockets.Backlog = Backlog;

        // No code here blocks a thread that reads or writes a socket, so a frame is sent without waiting for another
        // thread.
        sockets.UnsafePreferInlineScheduling = true;
    }
}
