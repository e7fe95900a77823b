using System.CommandLine;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Postgres;

namespace GrpcChat.Service.Commands;

/// <summary>Which log a command is about: <c>--data DIR</c>, or <c>--log CONNECTION</c>.</summary>
internal sealed class LogChoice
{
    private const string Variable = "CHAT_LOG";

    private readonly Option<string?> data = DataOption.Create();
    private readonly Option<string?> log = new("--log")
    {
        HelpName = "CONNECTION",
        Description = "PostgreSQL database of the message log, as for the service [CHAT_LOG, if there is no --data]",
    };

    /// <summary>Adds the options to a command.</summary>
    public LogChoice AddTo(Command command)
    {
        command.Options.Add(data);
        command.Options.Add(log);
        return this;
    }

    /// <summary>The log.</summary>
    /// <exception cref="UsageException">Both a directory and a database are given.</exception>
    public StoredMessageLog Find(ParseResult parsed) =>
        FindDatabase(parsed) is { } connection ? new MessageLogDatabase(connection) : new MessageLogDirectory(DirectoryOf(parsed));

    /// <summary>The log of a command that is about files.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="instead">What to do with a database.</param>
    /// <exception cref="UsageException">It is in a database.</exception>
    public MessageLogDirectory FindDirectory(ParseResult parsed, string instead) => FindDatabase(parsed) is null
        ? new MessageLogDirectory(DirectoryOf(parsed))
        : throw new UsageException($"the message log is in PostgreSQL; {instead}, or give --data for a log in a directory");

    /// <summary>The log that is meant by a text: a connection string or a directory.</summary>
    public static StoredMessageLog Of(string text) => text.Contains("Host=", StringComparison.OrdinalIgnoreCase)
        ? new MessageLogDatabase(text)
        : new MessageLogDirectory(MaintenanceCommand.FileOf(text));

    /// <summary>The directory that is given, or that of the service.</summary>
    public string DirectoryOf(ParseResult parsed) => DataOption.Find(parsed.GetValue(data));

    /// <summary>How to connect to the database; null = the log is in a directory.</summary>
    /// <exception cref="UsageException">Both are given.</exception>
    public string? FindDatabase(ParseResult parsed)
    {
        var (directory, connection) = (parsed.GetValue(data), parsed.GetValue(log));
        if (directory is not null && connection is not null)
        {
            throw new UsageException("give either --data, for a log in a directory or a running service, or --log, for one in PostgreSQL");
        }

        connection ??= directory is null ? Environment.GetEnvironmentVariable(Variable) : null;
        return string.IsNullOrWhiteSpace(connection) ? null : connection;
    }
}
