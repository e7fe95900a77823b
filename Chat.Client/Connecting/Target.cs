using System.Net.Http;

namespace GrpcChat.Client.Connecting;

/// <summary>What an attempt calls: an address, and the proxy on the way to it.</summary>
/// <param name="Address">The address of the service.</param>
/// <param name="Proxy">
/// The address of the proxy that the environment sets, without credentials; null if there is none.
/// </param>
internal sealed record Target(string Address, string? Proxy)
{
    public bool IsTls => Address.StartsWith("https", StringComparison.OrdinalIgnoreCase);

    /// <summary>Finds the proxy of an address. A proxy does not reach what is on this machine.</summary>
    public static Target Find(string address)
    {
        var uri = new Uri(address);
        var proxy = uri.IsLoopback ? null : HttpClient.DefaultProxy.GetProxy(uri);
        return new(address, proxy?.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
    }

    /// <summary>For people.</summary>
    public override string ToString() => Proxy is null ? Address : $"{Address} (through the proxy {Proxy})";
}
