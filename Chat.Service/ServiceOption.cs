using System.Globalization;
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
    private const string Flag = "true or false";
    private const string Format = "text or json";
    private const string Connection = "a connection string such as Host=db.example;Database=chat;Username=chat";
    private const string Count = "a whole number, 1 or more";
    private const string Networks = "IP addresses and networks such as 10.0.0.0/8, separated by commas";

    public static readonly ServiceOption Listen = new(
        "Listen", "HOST:PORT", "127.0.0.1:5000", "host:port",
        "Address to listen on; port 0 takes a free one");

    public static readonly ServiceOption Management = new(
        "Management", "HOST:PORT", "127.0.0.1 and the port after Listen's", "host:port or none",
        "Address of the pages about health and metrics; port 0 takes a free one, none switches them off");

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
        "AllowAnonymous", "BOOL", "false", Flag,
        "Whether to listen beyond this machine although anybody may take any name");

    public static readonly ServiceOption AllowPlaintext = new(
        "AllowPlaintext", "BOOL", "false", Flag,
        "Whether to listen beyond this machine without TLS, such as behind a proxy that has it");

    public static readonly ServiceOption LogFormat = new(
        "LogFormat", "FORMAT", "text", Format,
        "Form of the log lines on stderr: text, or json with one object per line");

    public static readonly ServiceOption Log = new(
        "Log", "CONNECTION", "none: a file in Data", Connection,
        "PostgreSQL database of the message log, for several nodes, as Npgsql connects to it");

    public static readonly ServiceOption ReadReplicas = new(
        "ReadReplicas", "HOSTS", "none", "hosts such as db-2.example or db-2.example:5432, separated by commas",
        "Standbys of that database, to read older messages from instead of the primary");

    public static readonly ServiceOption MaxConnections = new(
        "MaxConnections", "N", "20000", Count,
        "Open connections, at most as many as the process may open files");

    public static readonly ServiceOption MaxConnectionsPerAddress = new(
        "MaxConnectionsPerAddress", "N", "500", Count,
        "The same for one address, except those of this machine and of trusted proxies");

    public static readonly ServiceOption TrustedProxies = new(
        "TrustedProxies", "ADDRESSES", "none", Networks,
        "Proxies that are believed when they say whom they call for");

    public static readonly ServiceOption ProxyProtocol = new(
        "ProxyProtocol", "BOOL", "false", Flag,
        "Whether the proxies say so by the PROXY protocol, version 2, instead of X-Forwarded-For");

    /// <summary>All, in the order in which to show them.</summary>
    public static IReadOnlyList<ServiceOption> All { get; } =
    [
        Listen, Management, TlsCertificate, TlsKey, ClientCa, TokenKeyFile, TokenIssuer, TokenAudience, AllowAnonymous, AllowPlaintext,
        LogFormat, Log, ReadReplicas, MaxConnections, MaxConnectionsPerAddress, TrustedProxies, ProxyProtocol,
    ];

    /// <summary>Whether the text has the form of a value. Whether it works, such as a file, is found out later.</summary>
    public bool IsValid(string text) => Allowed switch
    {
        Flag => ParseFlag(text) is not null,
        Count => ParseCount(text) > 0,
        Format => text is "text" or "json",
        Networks => Edge.TrustedProxies.TryParse(text, out _),
        _ => !string.IsNullOrWhiteSpace(text),
    };

    /// <summary>The value of a flag; null if it is not one.</summary>
    public static bool? ParseFlag(string text) => bool.TryParse(text, out var value) && text.Trim() == text ? value : null;

    /// <summary>The value of a number; 0 if it is not one.</summary>
    public static int ParseCount(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
}
