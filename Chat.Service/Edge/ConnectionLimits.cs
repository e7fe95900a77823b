using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace GrpcChat.Service.Edge;

/// <summary>
/// How many connections may be open: in all, which is less than the files that the process may open, and from one
/// address, which may also open only so many in a while. A process that runs out of files cannot even refuse, and ends.
/// An address that has flooded a connection is refused for a while.
/// </summary>
/// <param name="max">The most that the options allow.</param>
/// <param name="maxPerAddress">
/// The most from one address. Those from 127.0.0.1 and ::1, which are shared by all on this machine, and of proxies do
/// not count.
/// </param>
/// <param name="proxies">The proxies, each of which has the connections of many callers.</param>
/// <param name="time">The clock.</param>
internal sealed class ConnectionLimits(int max, int maxPerAddress, TrustedProxies proxies, TimeProvider time)
{
    // Files that are left to the log, its readers and the runtime, which take about two hundred.
    private const int ReservedFiles = 512;

    // Of the files that are left to connections, those that are refused and not closed yet.
    private const int HeldShare = 16;
    private const int MostHeld = 1024;

    // How many addresses are known before those that no longer matter are forgotten.
    private const int ManyAddresses = 1000;

    private static readonly int Files = Math.Max(32, MaxFiles() - ReservedFiles);

    private readonly Lock gate = new();
    private readonly Dictionary<IPAddress, AddressLimits> addresses = [];
    private int open;

    /// <summary>The most refused connections that may wait to be closed.</summary>
    public static int MaxHeld { get; } = Math.Min(MostHeld, Files / HeldShare);

    /// <summary>The most connections.</summary>
    public int Max { get; } = Math.Min(max, Files - MaxHeld);

    /// <summary>
    /// Counts a connection until it is closed, and returns null. Or else it must not be served, and the result is the
    /// name of the option that says so.
    /// </summary>
    public string? Enter(ConnectionContext connection)
    {
        AddressLimits? address;
        lock (gate)
        {
            address = Find((connection.RemoteEndPoint as IPEndPoint)?.Address);
            var limit = open >= Max ? ServiceOption.MaxConnections.Name : address?.Refuses();
            if (limit is not null)
            {
                return limit;
            }

            open++;
            address?.Open();
        }

        connection.ConnectionClosed.UnsafeRegister(_ => Leave(address, closed: 1), null);
        return null;
    }

    /// <summary>
    /// Counts a connection that has entered, until it is closed, as one of the address for which a proxy has opened it.
    /// </summary>
    /// <inheritdoc cref="Enter" path="/summary"/>
    public string? EnterFor(IPAddress caller, ConnectionContext connection)
    {
        AddressLimits? address;
        lock (gate)
        {
            address = Find(caller);
            if (address?.Refuses() is { } limit)
            {
                return limit;
            }

            address?.Open();
        }

        connection.ConnectionClosed.UnsafeRegister(_ => Leave(address, closed: 0), null);
        return null;
    }

    /// <summary>The client has flooded a connection: its address is refused for a while.</summary>
    public void Refuse(ConnectionContext connection)
    {
        lock (gate)
        {
            Find((connection.RemoteEndPoint as IPEndPoint)?.Address)?.OnFlood();
        }
    }

    private void Leave(AddressLimits? address, int closed)
    {
        lock (gate)
        {
            open -= closed;
            address?.Close();
        }
    }

    // Null = many share the address, so it has no limits.
    private AddressLimits? Find(IPAddress? address)
    {
        address = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        if (address is null || IPAddress.Loopback.Equals(address) || IPAddress.IPv6Loopback.Equals(address)
            || proxies.Contains(address))
        {
            return null;
        }

        if (!addresses.TryGetValue(address, out var limits))
        {
            Forget();
            limits = new AddressLimits(maxPerAddress, time);
            addresses.Add(address, limits);
        }

        return limits;
    }

    private void Forget()
    {
        if (addresses.Count < ManyAddresses || addresses.Count < 2 * open)
        {
            return;
        }

        foreach (var (address, _) in addresses.Where(known => known.Value.IsAsNew()).ToList())
        {
            addresses.Remove(address);
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
