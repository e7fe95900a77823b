using System.Collections;
using System.Text.Json;
using GrpcChat.AspNetCore;
using GrpcChat.Service.Edge;
using GrpcChat.Shared;

namespace GrpcChat.Service;

/// <summary>
/// The executable's settings: a file, then the environment, then the command line; the later one wins. Nothing is read
/// from the working directory, and no file is watched.
/// </summary>
internal sealed class ServiceSettings
{
    private const string Section = "Chat";
    private const string LoggingSection = "Logging";
    private const string AuthenticationSection = "Authentication";
    private const string Prefix = "CHAT_";
    private const string DefaultFile = "appsettings.json";

    // The clients of this service read these.
    private static readonly string[] ClientVariables =
        ["CHAT_ADDRESS", "CHAT_USER", "CHAT_TOKEN_FILE", "CHAT_CA_FILE", "CHAT_CERTIFICATE_FILE", "CHAT_STATE"];

    private readonly Dictionary<string, string?> values = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> edge = [];
    private readonly Dictionary<string, string?> logging = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string?> authentication = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> telemetry = [];
    private readonly List<string> warnings = [];

    private ServiceSettings()
    {
    }

    /// <summary>What to listen on, and who may call.</summary>
    public EdgeSettings Edge { get; private set; } = null!;

    /// <summary>The library's options, by name.</summary>
    public IConfiguration Chat => Configuration(values);

    /// <summary>The section <c>Logging</c>.</summary>
    public IConfiguration Logging => Configuration(logging).GetSection(LoggingSection);

    /// <summary>Whether log lines are objects in JSON.</summary>
    public bool LogsJson => edge.GetValueOrDefault(ServiceOption.LogFormat.Name) == "json";

    /// <summary>How to connect to the database of the message log; null = the log is a file.</summary>
    public string? Log => edge.GetValueOrDefault(ServiceOption.Log.Name);

    /// <summary>Standbys of this database; null = none.</summary>
    public string? ReadReplicas => edge.GetValueOrDefault(ServiceOption.ReadReplicas.Name);

    /// <summary>What looks like a setting and is not: each a sentence to show when the service starts.</summary>
    public IReadOnlyList<string> Warnings => warnings;

    /// <summary>The environment's variables <c>OTEL_…</c>.</summary>
    public IReadOnlyDictionary<string, string> Telemetry => telemetry;

    /// <summary>The section <c>Authentication</c>, inside a configuration of its own.</summary>
    public IConfiguration Authentication => Configuration(authentication);

    /// <summary>The names of all options.</summary>
    public static IEnumerable<string> Names =>
        ServiceOption.All.Select(option => option.Name).Concat(ChatOptionDefinition.All.Select(option => option.Name));

    /// <summary>The name of an option on the command line: <c>--max-text-bytes</c> for <c>MaxTextBytes</c>.</summary>
    public static string ArgumentName(string option) => "--" + JsonNamingPolicy.KebabCaseLower.ConvertName(option);

    /// <summary>Reads and checks all settings.</summary>
    /// <param name="file">
    /// The configuration file; null = <c>appsettings.json</c> beside the executable, if it is there.
    /// </param>
    /// <param name="environment">The environment variables.</param>
    /// <param name="arguments">The options on the command line, by the option's name.</param>
    /// <exception cref="UsageException">
    /// A setting is wrong. The message says which, with its value and what is allowed.
    /// </exception>
    public static ServiceSettings Read(
        string? file, IDictionary environment, IReadOnlyDictionary<string, string> arguments)
    {
        var settings = new ServiceSettings();
        settings.AddFile(file);
        settings.AddEnvironment(environment);
        foreach (var (name, value) in arguments)
        {
            settings.Set(name, value, ArgumentName(name));
        }

        if (!settings.values.ContainsKey(nameof(ChatOptions.Data)))
        {
            settings.values[nameof(ChatOptions.Data)] = FindDirectory(environment);
            if (UserDirectories.IsIgnored(UserDirectories.StateVariable))
            {
                settings.warnings.Add($"ignored: {UserDirectories.StateVariable} is not an absolute path");
            }
        }

        settings.EnsureLogOfReadReplicas();
        settings.WarnOfUnusedBlocks();
        settings.ReadEdge();
        ServiceLogging.EnsureValid(settings.Logging);
        return settings;
    }

    /// <summary>The directory of the message log where none is given on the command line or in the file.</summary>
    /// <exception cref="UsageException">There is no home directory.</exception>
    public static string FindDirectory(IDictionary environment)
    {
        if (environment[$"{Prefix}DATA"] is string { Length: > 0 } data)
        {
            return data;
        }

        var state = UserDirectories.FindState() ?? throw new UsageException(
            $"there is no home directory for the message log; give --data, or set CHAT_DATA or {UserDirectories.StateVariable}");
        return Path.Combine(state, "grpcchat");
    }

    private static IConfiguration Configuration(IEnumerable<KeyValuePair<string, string?>> values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values).Build();

    private static string Suggest(string? nearest) =>
        nearest is null ? "; --help lists the options" : $"; did you mean {nearest}?";

    private static string? FindOption(string name) =>
        Names.FirstOrDefault(option => option.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IConfigurationRoot ReadJson(string path)
    {
        try
        {
            // As a stream, so that nothing can watch the file.
            using var content = new MemoryStream(File.ReadAllBytes(path));
            return new ConfigurationBuilder().AddJsonStream(content).Build();
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            throw new UsageException(
                $"the configuration file {path} is not valid: {error.GetBaseException().Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"cannot read the configuration file '{path}': {error.Message}", error);
        }
    }

    private void AddFile(string? file)
    {
        var path = file ?? Path.Combine(AppContext.BaseDirectory, DefaultFile);
        if (file is null && !File.Exists(path))
        {
            return;
        }

        var root = ReadJson(path);
        foreach (var section in root.GetChildren())
        {
            switch (section.Key.ToUpperInvariant())
            {
                case "CHAT":
                    AddSection(section, path);
                    break;
                case "AUTHENTICATION":
                    section.AsEnumerable().ToList().ForEach(pair => authentication[pair.Key] = pair.Value);
                    break;
                case "LOGGING":
                    section.AsEnumerable().ToList().ForEach(pair => logging[pair.Key] = pair.Value);
                    break;
                default:
                    RefuseSection(section.Key, path);
                    break;
            }
        }
    }

    private void AddSection(IConfigurationSection chat, string path)
    {
        if (!string.IsNullOrEmpty(chat.Value))
        {
            throw new UsageException($"Chat in {path} is '{chat.Value}', but must be an object with options");
        }

        foreach (var child in chat.GetChildren())
        {
            var option = FindOption(child.Key)
                ?? throw new UsageException(
                    $"unknown option {child.Key} in {path}{Suggest(NearestName.Find(child.Key, Names))}");
            if (child.GetChildren().Any())
            {
                throw new UsageException($"{option} in {path} must be a single value");
            }

            // JSON's null leaves the default.
            if (child.Value is { } value)
            {
                Set(option, value, $"{option} in {path}");
            }
        }
    }

    // A mistake in the name of the section would otherwise switch off every option in it.
    private void RefuseSection(string name, string path)
    {
        if (FindOption(name) is { } option)
        {
            throw new UsageException($"{option} in {path} must be inside the section {Section}");
        }

        ForeignEndpoints.CheckSection(name, path);
        if (NearestName.Find(name, [Section, LoggingSection, AuthenticationSection]) is { } nearest)
        {
            throw new UsageException($"unknown section {name} in {path}; did you mean {nearest}?");
        }

        warnings.Add($"ignored: unknown section {name} in {path}; the service reads {Section}, "
            + $"{LoggingSection} and {AuthenticationSection}");
    }

    private void AddEnvironment(IDictionary environment)
    {
        var sources = new Dictionary<string, (string Variable, string Value)>();
        var variables = environment.Cast<DictionaryEntry>()
            .Select(variable => (Name: (string)variable.Key, Value: (string?)variable.Value ?? ""))
            .OrderBy(variable => variable.Name, StringComparer.Ordinal);
        foreach (var (variable, value) in variables)
        {
            if (ForeignEndpoints.CheckVariable(variable, value) is { } ignored)
            {
                warnings.Add(ignored);
            }

            if (variable.StartsWith($"{LoggingSection}__", StringComparison.OrdinalIgnoreCase))
            {
                logging[variable.Replace("__", ":", StringComparison.Ordinal)] = value;
            }

            if (variable.StartsWith($"{AuthenticationSection}__", StringComparison.OrdinalIgnoreCase))
            {
                authentication[variable.Replace("__", ":", StringComparison.Ordinal)] = value;
            }

            if (variable.StartsWith("OTEL_", StringComparison.Ordinal))
            {
                telemetry[variable] = value;
            }

            if (!variable.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                || ClientVariables.Contains(variable, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            // CHAT_MAXTEXTBYTES, or Chat__MaxTextBytes as everywhere in .NET.
            var name = variable[Prefix.Length..].TrimStart('_');
            if (FindOption(name) is not { } option)
            {
                // An orchestrator that runs a service called "chat" sets CHAT_PORT and the like: that must not end the
                // start.
                var nearest = NearestName.Find(name, Names) is { } found ? Prefix + found.ToUpperInvariant() : null;
                warnings.Add($"ignored: unknown option {variable}{Suggest(nearest)}");
                continue;
            }

            if (sources.TryGetValue(option, out var other) && other.Value != value)
            {
                throw new UsageException(
                    $"{other.Variable} is '{other.Value}' and {variable} is '{value}', but both set {option}; "
                    + "remove one of them");
            }

            sources[option] = (variable, value);
            Set(option, value, variable);
        }
    }

    private void EnsureLogOfReadReplicas()
    {
        if (ReadReplicas is not null && Log is null)
        {
            throw new UsageException(
                $"{ServiceOption.ReadReplicas.Name} is '{ReadReplicas}', but the log is a file; set {ServiceOption.Log.Name} to the "
                + "database whose standbys they are");
        }
    }

    // Somebody who moves a log to a database must not let the blocked users in again without a word.
    private void WarnOfUnusedBlocks()
    {
        var file = Path.Combine(values[nameof(ChatOptions.Data)]!, BlockedSendersFile.Name);
        if (Log is not null && File.Exists(file))
        {
            warnings.Add(
                $"ignored: {file}; with the log in PostgreSQL, the list of blocked users is there, too: block them again");
        }
    }

    private void ReadEdge()
    {
        var claim = values.GetValueOrDefault(nameof(ChatOptions.SenderClaim)) ?? new ChatOptions().SenderClaim;
        var schemes = Authentication.GetSection($"{AuthenticationSection}:Schemes");
        Edge = new EdgeSettings(edge, schemes, claim, TimeProvider.System);
    }

    // A value must be valid even if another one overrides it.
    private void Set(string name, string value, string source)
    {
        if (ServiceOption.All.FirstOrDefault(option => option.Name == name) is { } own)
        {
            edge[name] = own.IsValid(value)
                ? value
                : throw new UsageException($"{source} is '{value}', but must be {own.Allowed}");
            return;
        }

        try
        {
            ChatOptionDefinition.All.Single(option => option.Name == name).Parse(new ChatOptions(), value, source);
            values[name] = value;
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message, error);
        }
    }
}
