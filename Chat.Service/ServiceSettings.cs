using System.Collections;
using System.Net;
using Chat.AspNetCore;
using Microsoft.Extensions.Options;

namespace Chat.Service;

/// <summary>
/// The executable's settings: a file, then the environment, then the command line; the later one wins. Nothing is read from
/// the working directory, and no file is watched.
/// </summary>
/// <param name="Endpoint">What to listen on.</param>
/// <param name="Chat">The section <c>Chat</c>, without what only the executable knows.</param>
/// <param name="Logging">The section <c>Logging</c>.</param>
internal sealed record ServiceSettings(IPEndPoint Endpoint, IConfiguration Chat, IConfiguration Logging)
{
    /// <summary>The option for the address, which only the executable has.</summary>
    public const string Listen = "Listen";

    public const string DefaultListen = "127.0.0.1:5000";

    private const string Section = "Chat";
    private const string LoggingPrefix = "Logging__";
    private const string Prefix = "CHAT_";
    private const string DefaultFile = "appsettings.json";

    // Variables of the same product that its clients read.
    private static readonly string[] ForClients = ["CHAT_ADDRESS", "CHAT_USER", "CHAT_TOKEN_FILE", "CHAT_STATE"];

    /// <summary>The names of all options, in the order in which people are shown them.</summary>
    public static IEnumerable<string> Names => ChatOptionDefinition.All.Select(option => option.Name).Prepend(Listen);

    /// <summary>Reads and checks all settings.</summary>
    /// <param name="file">The path of the configuration file; null = <c>appsettings.json</c> beside the executable, if it is there.</param>
    /// <param name="environment">The environment variables.</param>
    /// <param name="arguments">The options of the command line, by name.</param>
    /// <param name="warn">Is told about variables that look like options and are not.</param>
    /// <exception cref="ArgumentException">Something is wrong; the message says what, with the value, in one line.</exception>
    public static ServiceSettings Read(
        string? file,
        IDictionary environment,
        IReadOnlyDictionary<string, string> arguments,
        Action<string> warn)
    {
        var configuration = new ConfigurationBuilder();
        AddFile(configuration, file);
        configuration.AddInMemoryCollection(FromEnvironment(environment, warn));
        configuration.AddInMemoryCollection(
            arguments.Select(argument => KeyValuePair.Create($"{Section}:{argument.Key}", (string?)argument.Value)));

        var all = configuration.Build();
        var chat = all.GetSection(Section);
        var listen = chat[Listen] ?? DefaultListen;
        var library = new ConfigurationBuilder()
            .AddInMemoryCollection(chat.AsEnumerable()
                .Where(pair => pair.Value is not null && !IsListen(pair.Key)))
            .Build()
            .GetSection(Section);
        EnsureKnown(chat);
        Check(library);
        return new ServiceSettings(ListenAddress.Parse(listen), library, all.GetSection("Logging"));
    }

    private static bool IsListen(string path) => path.Equals($"{Section}:{Listen}", StringComparison.OrdinalIgnoreCase);

    private static bool IsKnown(string name) => Names.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static void EnsureKnown(IConfigurationSection chat)
    {
        if (chat.GetChildren().FirstOrDefault(child => !IsKnown(child.Key) || child.Value is null) is { } unknown)
        {
            throw new ArgumentException(NearestName.Describe(unknown.Path, unknown.Key, Names, name => $"{Section}:{name}"));
        }
    }

    // What the library checks when the service starts is checked here first, so that a wrong option changes nothing.
    private static void Check(IConfiguration chat)
    {
        var options = new ChatOptions();
        try
        {
            new ChatOptionsSetup(chat).Configure(options);
        }
        catch (OptionsValidationException error)
        {
            throw new ArgumentException(error.Message, error);
        }

        if (new ChatOptionsValidator().Validate(name: null, options) is { Failed: true } result)
        {
            throw new ArgumentException(result.FailureMessage);
        }
    }

    private static void AddFile(ConfigurationBuilder configuration, string? file)
    {
        var path = file ?? Path.Combine(AppContext.BaseDirectory, DefaultFile);
        if (file is null && !File.Exists(path))
        {
            return;
        }

        try
        {
            // As a stream, so that nothing can watch the file.
            configuration.AddJsonStream(new MemoryStream(File.ReadAllBytes(path)));
            new ConfigurationBuilder().AddJsonStream(new MemoryStream(File.ReadAllBytes(path))).Build();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException or System.Text.Json.JsonException)
        {
            var reason = error is FormatException or System.Text.Json.JsonException
                ? $"it is not valid JSON: {error.GetBaseException().Message}"
                : error.Message;
            throw new ArgumentException($"cannot read the configuration file {path}: {reason}", error);
        }
    }

    private static Dictionary<string, string?> FromEnvironment(IDictionary environment, Action<string> warn)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var sources = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var variables = environment.Cast<DictionaryEntry>()
            .Select(variable => (Name: (string)variable.Key, Value: (string?)variable.Value ?? ""))
            .OrderBy(variable => variable.Name, StringComparer.Ordinal);
        foreach (var (name, value) in variables)
        {
            if (name.StartsWith(LoggingPrefix, StringComparison.OrdinalIgnoreCase))
            {
                values[name.Replace("__", ":", StringComparison.Ordinal)] = value;
            }

            if (!name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                || ForClients.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            // CHAT_MAXTEXTBYTES, or Chat__MaxTextBytes as everywhere in .NET.
            var option = name[Prefix.Length..].TrimStart('_');
            if (!IsKnown(option))
            {
                warn("ignored: " + NearestName.Describe(name, option, Names, known => Prefix + known.ToUpperInvariant()));
                continue;
            }

            if (values.TryGetValue($"{Section}:{option}", out var other) && other != value)
            {
                throw new ArgumentException(
                    $"{sources[option]} is '{other}' and {name} is '{value}', but both set {option}; remove one of them");
            }

            values[$"{Section}:{option}"] = value;
            sources[option] = name;
        }

        return values;
    }
}
