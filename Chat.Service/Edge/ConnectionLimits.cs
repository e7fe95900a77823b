using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace GrpcChat.Service.Edge;

/// <summary>
/// How many connections may be open: in all, which is less than the files that the process may open, and from one address.
/// More are closed at once. A process that runs out of files could not even accept and refuse.
/// </summary>
/// <param name="max">The most that the options allow.</param>
/// <param name="maxPerAddress">The most from one address. Those of this machine do not count.</param>
internal sealed class ConnectionLimits(int max, int maxPerAddress)
{
    // For the log, its readers, the runtime and what a stop needs.
    private const int ReservedFiles = 256;

    private readonly ConcurrentDictionary<IPAddress, int> open = [];

    /// <summary>The most connections.</summary>
    public int Max { get; } = Math.Min(max, Math.Max(16, MaxFiles() - ReservedFiles));

    /// <summary>Puts the limits before everything else that the listener does.</summary>
    public void Use(ListenOptions listener)
    {
        listener.KestrelServerOptions.Limits.MaxConcurrentConnections = Max;
        listener.Use(next => connection => CountAsync(connection, next));
    }

    private async Task CountAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address } || IPAddress.IsLoopback(address))
        {
            await next(connection);
            return;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var count = open.AddOrUpdate(address, 1, static (_, count) => count + 1);
        try
        {
            if (count <= maxPerAddress)
            {
                await next(connection);
            }
            else
            {
                connection.Abort();
            }
        }
        finally
        {
            if (open.AddOrUpdate(address, 0, static (_, count) => count - 1) == 0)
            {
                open.TryRemove(new KeyValuePair<IPAddress, int>(address, 0));
            }
        }
    }

    // The runtime has raised the soft limit to the hard one when it started.
    private static int MaxFiles()
    {
        const string Limits = "/proc/self/limits";
        const string Label = "Max open files";
        if (!File.Exists(Limits))
        {
            return int.MaxValue;
        }

        var line = File.ReadLines(Limits).First(line => line.StartsWith(Label, StringComparison.Ordinal));
        var soft = line[Label.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var files) ? files : int.MaxValue;
    }
}
