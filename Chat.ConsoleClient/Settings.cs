using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Client;
using Chat.Client.Sqlite;

namespace Chat.ConsoleClient;

/// <summary>Whom to call, as whom: from the arguments, else from the environment, else from a file, else a default.</summary>
internal sealed record Settings(IReadOnlyList<string> Addresses, string User, string? TokenFile, string? State)
{
    public const string DefaultAddress = "http://127.0.0.1:5000";

    /// <summary>Where the file is looked for.</summary>
    public static string FilePath =>
        Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } home
                ? home
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
            "grpcchat",
            "client.json");

    /// <summary>What is given as arguments; each may be missing.</summary>
    internal sealed record Given(IReadOnlyList<string> Addresses, string? User, string? TokenFile, string? State);

    /// <exception cref="ArgumentException">A setting is wrong; the message names it, and where it stands.</exception>
    public static Settings Read(Given given)
    {
        var file = SettingsFile.Read(FilePath);
        string[] addresses = given.Addresses.Count > 0
            ? [.. given.Addresses.SelectMany(Split)]
            : Split(FromEnvironment("CHAT_ADDRESS") ?? file.Address ?? DefaultAddress);
        return new Settings(
            [.. addresses.Select(Url)],
            given.User ?? FromEnvironment("CHAT_USER") ?? file.User ?? LoginName(),
            given.TokenFile ?? FromEnvironment("CHAT_TOKEN_FILE") ?? file.TokenFile,
            given.State ?? FromEnvironment("CHAT_STATE") ?? file.State);
    }

    /// <summary>The client's options.</summary>
    /// <exception cref="ArgumentException">The token file can't be read.</exception>
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

        return new ChatClientOptions
        {
            Addresses = Addresses,
            User = User,
            TokenProvider = TokenFile is null ? null : _ => new(ReadToken(TokenFile)),
            StateStore = State is null ? null : new SqliteStateStore(State),

            // The most that a service can be set to accept; what this one accepts, it says itself.
            MaxTextBytes = LineReader.MaxLineBytes,
        };
    }

    // Anew each time: a token is renewed by writing the file.
    private static string ReadToken(string path) => File.ReadAllText(path).Trim();

    private static string? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string LoginName() => Environment.UserName is { Length: > 0 } name ? name : "anonymous";

    private static string[] Split(string addresses) =>
        addresses.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string Url(string address) => address.Contains("://", StringComparison.Ordinal) ? address : $"http://{address}";
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

    /// <summary>One address, or several with commas between them.</summary>
    public string? Address { get; init; }

    public string? User { get; init; }

    public string? TokenFile { get; init; }

    public string? State { get; init; }

    /// <summary>Reads it; a file that is not there says nothing.</summary>
    /// <exception cref="ArgumentException">It can't be read, or is not of this form.</exception>
    public static SettingsFile Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<SettingsFile>(File.ReadAllText(path), Json) ?? new();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return new();
        }
        catch (JsonException error)
        {
            throw new ArgumentException(
                $"the settings file {path} is wrong in line {error.LineNumber + 1}{(error.Path is { Length: > 2 } at ? $", at {at[2..]}" : "")}: "
                + "it is JSON, and may have address, user, tokenFile and state",
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"the settings file can't be read: {error.Message}", error);
        }
    }
}
