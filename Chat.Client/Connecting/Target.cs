using System.Net;
using System.Net.Http;

namespace GrpcChat.Client.Connecting;

/// <summary>What an attempt calls: a node, and the proxy on the way to it.</summary>
/// <param name="Address">The address of the service.</param>
/// <param name="Proxy">
/// The address of the proxy that the environment sets, without credentials; null if there is none.
/// </param>
internal sealed record Target(string Address, string? Proxy)
{
    public bool IsTls => Address.StartsWith("https", StringComparison.OrdinalIgnoreCase);

    /// <summary>The IP addresses of the host; empty where something else resolves its name.</summary>
    public IReadOnlyList<IPAddress> Hosts { get; init; } = [];

    /// <summary>The one of <see cref="Hosts"/> that was tried last; null before.</summary>
    public IPAddress? Host { get; set; }

    /// <summary>There are other nodes, which may answer if this one does not.</summary>
    public bool HasOthers { get; init; }

    /// <summary>Finds the proxy of an address. A proxy does not reach what is on this machine.</summary>
    public static Target Find(string address, ChatClientOptions options)
    {
        var uri = new Uri(address);
        var proxy = uri.IsLoopback || options.Channel is not null ? null : HttpClient.DefaultProxy.GetProxy(uri);
        return new(address, proxy?.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
    }

    /// <summary>For people.</summary>
    public override string ToString() => Proxy is not null ? $"{Address} (through the proxy {Proxy})"
        : Hosts.Count > 1 && Host is { } host ? $"{Address} ({host})"
        : Address;
}
