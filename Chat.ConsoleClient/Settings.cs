using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.Shared;

namespace GrpcChat.ConsoleClient;

/// <summary>
/// Which service to call, and as whom. Each setting comes from the command line, or else from the environment, or else
/// from the settings file, or else it has a default.
/// </summary>
internal sealed record Settings(
    IReadOnlyList<string> Addresses,
    string User,
    string? TokenFile,
    string? CaFile,
    string? CertificateFile,
    string? State,
    bool AllowPlaintext)
{
    private const string AllowPlaintextVariable = "CHAT_ALLOW_PLAINTEXT";

    public const string DefaultAddress = "http://127.0.0.1:5000";

    /// <summary>The settings of the command line; each may be missing.</summary>
    internal sealed record Arguments(
        IReadOnlyList<string> Addresses, string? User, string? TokenFile, string? CaFile, string? CertificateFile, string? State);

    /// <exception cref="ArgumentException">The settings file is wrong; the message says where.</exception>
    public static Settings Read(Arguments arguments)
    {
        var file = UserDirectories.FindConfig() is { } config
            ? SettingsFile.Read(Path.Combine(config, "grpcchat", "client.json"))
            : new();
        string[] addresses = arguments.Addresses.Count > 0
            ? [.. arguments.Addresses.SelectMany(Split)]
            : Split(GetVariable("CHAT_ADDRESS") ?? file.Address ?? DefaultAddress);
        var tokenFile = arguments.TokenFile ?? GetVariable("CHAT_TOKEN_FILE") ?? file.TokenFile;
        var caFile = arguments.CaFile ?? GetVariable("CHAT_CA_FILE") ?? file.CaFile;
        var certificateFile = arguments.CertificateFile ?? GetVariable("CHAT_CERTIFICATE_FILE") ?? file.CertificateFile;
        var isProtected = (tokenFile ?? caFile ?? certificateFile) is not null;
        return new Settings(
            [.. addresses.Select(address => AddScheme(address, isProtected))],
            arguments.User ?? GetVariable("CHAT_USER") ?? file.User ?? GetLoginName(),
            tokenFile,
            caFile,
            certificateFile,
            arguments.State ?? GetVariable("CHAT_STATE") ?? file.State,
            GetVariable(AllowPlaintextVariable) is { } allowed ? allowed == "true" : file.AllowPlaintext);
    }

    /// <summary>The client's options.</summary>
    /// <exception cref="ArgumentException">One of the files that the settings name cannot be used.</exception>
    public ChatClientOptions ToOptions()
    {
        if (TokenFile is not null)
        {
            try
            {
                ReadToken(TokenFile);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new ArgumentException($"cannot read the token file: {error.Message}", error);
            }
        }

        if (TokenFile is not null && !AllowPlaintext && Addresses.FirstOrDefault(IsPlaintextElsewhere) is { } address)
        {
            throw new ArgumentException(
                $"{address} would carry your token in clear text; use https://, or set {AllowPlaintextVariable}=true if the network "
                + "itself encrypts");
        }

        return new ChatClientOptions
        {
            AllowPlaintextTokens = AllowPlaintext,
            Addresses = Addresses,
            User = User,
            TokenProvider = TokenFile is null ? null : _ => new(ReadToken(TokenFile)),
            CertificateAuthorities = CaFile is null ? null : ReadAuthorities(CaFile),
            ClientCertificate = CertificateFile is null ? null : ReadCertificate(CertificateFile),
            StateStore = State is null ? null : new SqliteStateStore(State),

            // The most that any service accepts. This service refuses what is too long for it, and names its limit.
            MaxTextBytes = LineReader.MaxLineBytes,
        };
    }

    // Read for each connection, because a new token is written to the same file.
    private static string ReadToken(string path) => File.ReadAllText(path).Trim();

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ArgumentException($"cannot read the authorities in '{path}': {error.Message}", error);
        }

        return authorities.Count > 0
            ? authorities
            : throw new ArgumentException($"'{path}' has no certificate in PEM; give the file of the service's authority");
    }

    private static X509Certificate2 ReadCertificate(string path)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ArgumentException(
                $"cannot use the certificate in '{path}': {error.Message.TrimEnd('.')}; give a PEM file with your certificate and "
                + "its private key",
                error);
        }
    }

    private static string? GetVariable(string name)
    {
        if (Environment.GetEnvironmentVariable(name) is not { Length: > 0 } value)
        {
            return null;
        }

        RawText.ThrowIfInvalid(name, value);
        return value;
    }

    private static string GetLoginName() => Environment.UserName is { Length: > 0 } name ? name : "anonymous";

    private static string[] Split(string addresses) =>
        addresses.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    // Who gives a token or a certificate expects it to be protected, and one's own machine needs no protection.
    private static string AddScheme(string address, bool isProtected)
    {
        var plaintext = $"http://{address}";
        return address.Contains("://", StringComparison.Ordinal) ? address
            : isProtected && IsPlaintextElsewhere(plaintext) ? $"https://{address}"
            : plaintext;
    }

    private static bool IsPlaintextElsewhere(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback;
}

/// <summary>The settings file: JSON, with comments.</summary>
internal sealed record SettingsFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>One address, or several, separated by commas.</summary>
    public string? Address { get; init; }

    public string? User { get; init; }

    public string? TokenFile { get; init; }

    public string? CaFile { get; init; }

    public string? CertificateFile { get; init; }

    public string? State { get; init; }

    public bool AllowPlaintext { get; init; }

    /// <summary>Reads the file. A missing file sets nothing.</summary>
    /// <exception cref="ArgumentException">The file cannot be read, or is wrong.</exception>
    public static SettingsFile Read(string path)
    {
        try
        {
            // As bytes: decoded first, what is not UTF-8 would become U+FFFD in a name.
            using var content = new MemoryStream(File.ReadAllBytes(path));
            return JsonSerializer.Deserialize<SettingsFile>(content, Json) ?? new();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return new();
        }
        catch (JsonException error)
        {
            var place = error.Path is { Length: > 2 } member ? $", at '{member[2..]}'" : "";
            throw new ArgumentException(
                $"the settings file {path} is wrong in line {error.LineNumber + 1}{place}; "
                + "it must be JSON, and may set address, user, tokenFile, caFile, certificateFile, state and allowPlaintext",
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException(
                $"cannot read the settings file {path}: {error.Message.TrimEnd('.')}; make it readable, or set "
                    + $"{UserDirectories.ConfigVariable} to another directory",
                error);
        }
    }
}
