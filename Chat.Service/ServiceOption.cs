using GrpcChat.AspNetCore;

namespace GrpcChat.Service;

/// <summary>An option of the executable, beside those of the library in <see cref="ChatOptionDefinition"/>.</summary>
/// <param name="Name">The name in the configuration.</param>
/// <param name="ValueName">What stands for the value in help.</param>
/// <param name="Default">What holds if nobody sets it, for people.</param>
/// <param name="Allowed">What is allowed, as the end of a sentence that says "must be".</param>
/// <param name="Description">What the option does, in a line.</param>
internal sealed record ServiceOption(
    string Name, string ValueName, string Default, string Allowed, string Description)
{
    public static readonly ServiceOption Listen = new(
        "Listen", "HOST:PORT", "127.0.0.1:5000", "host:port",
        "Address to listen on; port 0 takes a free one");

    public static readonly ServiceOption TlsCertificate = new(
        "TlsCertificate", "FILE", "none: no TLS", "a file",
        "Certificate chain in PEM, for TLS; read again when it changes");

    public static readonly ServiceOption TlsKey = new(
        "TlsKey", "FILE", "in TlsCertificate", "a file",
        "The certificate's private key in PEM");

    public static readonly ServiceOption ClientCa = new(
        "ClientCa", "FILE", "none", "a file",
        "Accept client certificates of these authorities, in PEM; the common name is the sender");

    public static readonly ServiceOption TokenKeyFile = new(
        "TokenKeyFile", "FILE", "none", "a file",
        "Accept tokens signed with these keys: a JWKS, or a secret of at least 32 bytes; read again when it changes");

    public static readonly ServiceOption TokenIssuer = new(
        "TokenIssuer", "NAME", "none", "a name",
        "The issuer that tokens must name");

    public static readonly ServiceOption TokenAudience = new(
        "TokenAudience", "NAME", "none", "a name",
        "The audience that tokens must name");

    public static readonly ServiceOption AllowAnonymous = new(
        "AllowAnonymous", "BOOL", "false", "true or false",
        "Whether to listen beyond this machine although anybody may take any name");

    public static readonly ServiceOption AllowPlaintext = new(
        "AllowPlaintext", "BOOL", "false", "true or false",
        "Whether to listen beyond this machine without TLS, such as behind a proxy that has it");

    public static readonly ServiceOption MaxConnections = new(
        "MaxConnections", "N", "20000", "a whole number, 1 or more",
        "Open connections, at most as many as the process may open files");

    public static readonly ServiceOption MaxConnectionsPerAddress = new(
        "MaxConnectionsPerAddress", "N", "500", "a whole number, 1 or more",
        "The same for one address, except those of this machine");

    /// <summary>All, in the order in which to show them.</summary>
    public static IReadOnlyList<ServiceOption> All { get; } =
    [
        Listen, TlsCertificate, TlsKey, ClientCa, TokenKeyFile, TokenIssuer, TokenAudience, AllowAnonymous, AllowPlaintext,
        MaxConnections, MaxConnectionsPerAddress,
    ];
}
