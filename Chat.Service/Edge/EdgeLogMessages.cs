namespace GrpcChat.Service.Edge;

/// <summary>What the service logs about its files for TLS and tokens, and about proxies.</summary>
internal static partial class EdgeLogMessages
{
    [LoggerMessage(101, LogLevel.Error, "{Problem}")]
    public static partial void FileNotReloaded(this ILogger logger, string problem);

    [LoggerMessage(
        102,
        LogLevel.Warning,
        "A connection from the trusted proxy {Proxy} was closed: it does not begin with the PROXY protocol, version 2. "
        + "Let the proxy send it, or set ProxyProtocol to false.")]
    public static partial void NoProxyProtocol(this ILogger logger, System.Net.EndPoint? proxy);
}
