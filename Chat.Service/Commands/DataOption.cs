using System.CommandLine;

namespace GrpcChat.Service.Commands;

/// <summary><c>--data DIR</c> of the commands.</summary>
internal static class DataOption
{
    public static Option<string?> Create() =>
        new("--data") { HelpName = "DIR", Description = "Directory of the message log, as for the service" };

    /// <summary>The directory that was given, or that of the service.</summary>
    /// <exception cref="UsageException">None was given, and there is no home directory.</exception>
    public static string Find(string? data) =>
        string.IsNullOrWhiteSpace(data) ? ServiceSettings.FindDirectory(Environment.GetEnvironmentVariables()) : data;
}
