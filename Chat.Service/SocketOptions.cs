using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Chat.Service;

/// <summary>What the service sets for its sockets. An application that embeds the chat decides this for itself.</summary>
internal static class SocketOptions
{
    // Connections that wait to be accepted; the system may allow fewer. After a restart all clients come back at once, and
    // those that find the queue full are reset, or try again only after a second.
    private const int Backlog = 4096;

    public static void Set(SocketTransportOptions sockets)
    {
        sockets.Backlog = Backlog;

        // Nothing here blocks whoever reads or writes a socket, so a frame goes out without a wait for one more thread.
        sockets.UnsafePreferInlineScheduling = true;
    }
}
