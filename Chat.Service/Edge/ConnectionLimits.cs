using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace GrpcChat.Service.Edge;

/// <summary>
/// How many connections may be open: in all, which is less than the files that the process may open, and from one address.
/// A process that runs out of files cannot even refuse, and ends.
/// </summary>
/// <param name="max">The most that the options allow.</param>
/// <param name="maxPerAddress">The most from one address. Those of this machine do not count.</param>
internal sealed class ConnectionLimits(int max, int maxPerAddress)
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
        address = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        if (address is not null && IPAddress.IsLoopback(address))
        {
            address = null;
        }

        lock (gate)
        {
            var ofAddress = address is null ? 0 : perAddress.GetValueOrDefault(address);
            if (open >= Max || ofAddress >= maxPerAddress)
            {
                return false;
            }

            open++;
            if (address is not null)
            {
                perAddress[address] = ofAddress + 1;
            }
        }

        connection.ConnectionClosed.UnsafeRegister(_ => Leave(address), null);
        return true;
    }

    private void Leave(IPAddress? address)
    {
        lock (gate)
        {
            open--;
            if (address is not null && --perAddress[address] == 0)
            {
                perAddress.Remove(address);
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
