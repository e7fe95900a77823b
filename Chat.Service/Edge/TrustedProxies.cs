using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace GrpcChat.Service.Edge;

/// <summary>
/// The proxies that are believed when they say whose call or connection they forward. Nobody else is: a caller that
/// names its own address would have as many limits as it has ideas.
/// </summary>
internal sealed class TrustedProxies
{
    private readonly string text;
    private readonly List<IPNetwork> networks;

    private TrustedProxies(string text, List<IPNetwork> networks) => (this.text, this.networks) = (text, networks);

    /// <summary>No proxy.</summary>
    public static TrustedProxies None { get; } = new("", []);

    public bool Any => networks.Count > 0;

    /// <summary>Reads IP addresses and networks that are separated by commas.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TrustedProxies? proxies)
    {
        var networks = new List<IPNetwork>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!TryParseNetwork(part, out var network))
            {
                proxies = null;
                return false;
            }

            networks.Add(network);
        }

        proxies = new TrustedProxies(text, networks);
        return true;
    }

    public bool Contains(IPAddress address)
    {
        var plain = Plain(address);
        return networks.Exists(network => network.Contains(plain));
    }

    /// <summary>
    /// Gives each call that a trusted proxy forwards the address in <c>X-Forwarded-For</c>: the last one that is not
    /// itself a trusted proxy. What stands before it may be a caller's invention.
    /// </summary>
    public void Use(IApplicationBuilder app)
    {
        // With empty lists, the middleware would believe everybody.
        if (!Any)
        {
            return;
        }

        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        networks.ForEach(options.KnownIPNetworks.Add);
        app.UseForwardedHeaders(options);
    }

    public override string ToString() => text;

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // The library also takes forms such as 10.1 for 10.0.0.1, which may be a network without its mask.
    private static bool TryParseNetwork(string text, out IPNetwork network)
    {
        network = default;
        if (text.Contains('/'))
        {
            return IPNetwork.TryParse(text, out network) && network.PrefixLength > 0;
        }

        if (!IPAddress.TryParse(text, out var address)
            || (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text))
        {
            return false;
        }

        address = Plain(address);
        network = new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
        return true;
    }
}
