using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace GrpcChat.Service.Edge;

/// <summary>
/// What the service listens on, and who may call it. Beyond this machine it needs authentication and TLS, or the
/// operator's word that it does not.
/// </summary>
internal sealed class EdgeSettings
{
    /// <summary>Reads the settings and the files that they name.</summary>
    /// <param name="values">The values of the executable's options that are set, by name.</param>
    /// <param name="schemes">The section <c>Authentication:Schemes</c>.</param>
    /// <param name="senderClaim">The claim that names the sender.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UsageException">A setting is wrong or missing, or contradicts another.</exception>
    public EdgeSettings(
        IReadOnlyDictionary<string, string> values, IConfigurationSection schemes, string senderClaim, TimeProvider time)
    {
        string? Get(ServiceOption option) => values.GetValueOrDefault(option.Name);

        (SenderClaim, Time) = (senderClaim, time);
        TokenKeyFile = Get(ServiceOption.TokenKeyFile);
        TokenIssuer = Get(ServiceOption.TokenIssuer);
        TokenAudience = Get(ServiceOption.TokenAudience);
        AcceptsTokens = TokenKeyFile is not null || schemes.GetChildren().Any();
        CheckTokens(schemes);
        ClientCa = Get(ServiceOption.ClientCa) is { } authorities ? LoadAuthorities(authorities) : null;
        Tls = LoadTls(Get(ServiceOption.TlsCertificate), Get(ServiceOption.TlsKey));
        Endpoint = ListenAddress.Parse(Get(ServiceOption.Listen) ?? ServiceOption.Listen.Default, ServiceOption.Listen);
        Management = ManagementEndPoint.Read(Get(ServiceOption.Management), Endpoint);
        CheckReach(IsTrue(ServiceOption.AllowAnonymous), IsTrue(ServiceOption.AllowPlaintext));

        TrustedProxies = Get(ServiceOption.TrustedProxies) is { } proxies && TrustedProxies.TryParse(proxies, out var trusted)
            ? trusted
            : TrustedProxies.None;
        Connections = new ConnectionLimits(
            ParseCount(ServiceOption.MaxConnections), ParseCount(ServiceOption.MaxConnectionsPerAddress), TrustedProxies, time);
        ProxyProtocol = IsTrue(ServiceOption.ProxyProtocol) ? CreateProxyProtocol() : null;

        int ParseCount(ServiceOption option) => ServiceOption.ParseCount(Get(option) ?? option.Default);

        bool IsTrue(ServiceOption option) => Get(option) is { } value && ServiceOption.ParseFlag(value) is true;
    }

    public IPEndPoint Endpoint { get; }

    /// <summary>
    /// Where the management pages are; null = nowhere. Any address will do, since they show no message.
    /// </summary>
    public ManagementEndPoint? Management { get; }

    public ConnectionLimits Connections { get; }

    public TrustedProxies TrustedProxies { get; }

    /// <summary>Null = connections begin with TLS or HTTP/2, also those of trusted proxies.</summary>
    public ProxyProtocol? ProxyProtocol { get; }

    /// <summary>Null = plaintext.</summary>
    public Tls? Tls { get; }

    public bool HasAuthentication => AcceptsTokens || ClientCa is not null;

    public bool AcceptsTokens { get; }

    public string? TokenKeyFile { get; }

    public string? TokenIssuer { get; }

    public string? TokenAudience { get; }

    public string SenderClaim { get; }

    /// <summary>The authorities of client certificates; null = they are not accepted.</summary>
    public X509Certificate2Collection? ClientCa { get; }

    public TimeProvider Time { get; }

    private static string Name(ServiceOption option) => ServiceSettings.ArgumentName(option.Name);

    private static X509Certificate2Collection LoadAuthorities(string path)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(path);
            return authorities.Count > 0 ? authorities : throw new FormatException("it has no certificate in PEM");
        }
        catch (Exception error)
        {
            throw new UsageException(
                $"{Name(ServiceOption.ClientCa)} is '{path}', which cannot be used: {error.Message}", error);
        }
    }

    private void CheckTokens(IConfigurationSection schemes)
    {
        foreach (var scheme in schemes.GetChildren())
        {
            if (!scheme.Key.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            {
                throw new UsageException($"{schemes.Path} has the scheme '{scheme.Key}', but only Bearer is known here");
            }
        }

        if (TokenKeyFile is not null && (TokenIssuer is null || TokenAudience is null))
        {
            throw new UsageException(
                $"{Name(ServiceOption.TokenKeyFile)} is set, so {Name(ServiceOption.TokenIssuer)} and "
                + $"{Name(ServiceOption.TokenAudience)} must be set too: tokens for others must not be accepted");
        }

        if (TokenKeyFile is null && (TokenIssuer ?? TokenAudience) is not null && !AcceptsTokens)
        {
            throw new UsageException(
                $"{Name(ServiceOption.TokenIssuer)} and {Name(ServiceOption.TokenAudience)} say which tokens to accept, but "
                + $"there are no keys; set {Name(ServiceOption.TokenKeyFile)}");
        }
    }

    private Tls? LoadTls(string? certificate, string? key)
    {
        if (certificate is null && key is not null)
        {
            throw new UsageException(
                $"{Name(ServiceOption.TlsKey)} is set, but {Name(ServiceOption.TlsCertificate)} is not; set both");
        }

        if (certificate is null && ClientCa is not null)
        {
            throw new UsageException(
                $"{Name(ServiceOption.ClientCa)} is set, but clients can show a certificate only over TLS; set "
                + $"{Name(ServiceOption.TlsCertificate)}");
        }

        return certificate is null ? null : new Tls(certificate, key, ClientCa is not null, Time);
    }

    private ProxyProtocol CreateProxyProtocol() => TrustedProxies.Any
        ? new ProxyProtocol(TrustedProxies, Connections)
        : throw new UsageException(
            $"{Name(ServiceOption.ProxyProtocol)} is true, but no proxy is trusted; set {Name(ServiceOption.TrustedProxies)}");

    private void CheckReach(bool allowAnonymous, bool allowPlaintext)
    {
        if (IPAddress.IsLoopback(Endpoint.Address))
        {
            return;
        }

        if (!HasAuthentication && !allowAnonymous)
        {
            throw new UsageException(
                $"cannot listen on '{Endpoint}': without authentication, everybody who reaches this address could take any "
                + $"name; set {Name(ServiceOption.TokenKeyFile)} or {Name(ServiceOption.ClientCa)}, or "
                + $"{Name(ServiceOption.AllowAnonymous)} true to permit that");
        }

        if (Tls is null && !allowPlaintext)
        {
            throw new UsageException(
                $"cannot listen on '{Endpoint}': without TLS, everybody on the way could read tokens and messages; set "
                + $"{Name(ServiceOption.TlsCertificate)}, or {Name(ServiceOption.AllowPlaintext)} true behind a proxy that "
                + "has TLS");
        }
    }
}
