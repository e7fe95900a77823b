using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace GrpcChat.Service.Edge;

/// <summary>
/// How many connections may be open: in all, which is less than the files that the process may open, and from one address.
/// A process that runs out of files cannot even refuse, and ends.
/// </summary>
/// <param name="max">The most that the options allow.</param>
/// <param name="maxPerAddress">The most from one address. Those of this machine and of proxies do not count.</param>
/// <param name="proxies">The proxies, each of which has the connections of many callers.</param>
internal sealed class ConnectionLimits(int max, int maxPerAddress, TrustedProxies proxies)
{
    // Files that are left to the log, its readers and the runtime, which take about two hundred.
    private const int ReservedFiles = 512;

    private readonly Lock gate = new();
    private readonly Dictionary<IPAddress, int> perAddress = [];
    private int open;

    /// <summary>The most connections.</summary>
    public int Max { get; } = Math.Min(max, Math.Max(16, MaxFiles() - ReservedFiles));

    /// <summary>Counts a connection until it is closed. False = it is one too many.</summary>
    public bool TryEnter(ConnectionContext connection)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        lock (gate)
        {
            if (open >= Max || !TryAdd(address))
            {
                return false;
            }

            open++;
        }

        connection.ConnectionClosed.UnsafeRegister(_ => Leave(address, closed: 1), null);
        return true;
    }

    /// <summary>
    /// Counts a connection that has entered, until it is closed, as one of the address for which a proxy has opened it.
    /// False = it is one too many.
    /// </summary>
    public bool TryEnterFor(IPAddress address, ConnectionContext connection)
    {
        lock (gate)
        {
            if (!TryAdd(address))
            {
                return false;
            }
        }

        connection.ConnectionClosed.UnsafeRegister(_ => Leave(address, closed: 0), null);
        return true;
    }

    // The key that the address is counted under; null = it is not.
    private IPAddress? KeyOf(IPAddress? address)
    {
        var plain = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return plain is null || IPAddress.IsLoopback(plain) || proxies.Contains(plain) ? null : plain;
    }

    private bool TryAdd(IPAddress? address)
    {
        if (KeyOf(address) is not { } key)
        {
            return true;
        }

        var count = perAddress.GetValueOrDefault(key);
        if (count >= maxPerAddress)
        {
            return false;
        }

        perAddress[key] = count + 1;
        return true;
    }

    private void Leave(IPAddress? address, int closed)
    {
        lock (gate)
        {
            open -= closed;
            if (KeyOf(address) is { } key && --perAddress[key] == 0)
            {
                perAddress.Remove(key);
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
