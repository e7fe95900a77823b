using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>A connection string, with what holds for every connection of a node.</summary>
internal static class PostgresSettings
{
    /// <summary>The Application Name of commands that work on the whole log, so that they are not taken for nodes.</summary>
    public const string MaintenanceName = NodeName + " maintenance";

    /// <summary>The Application Name of nodes, unless the connection string has another.</summary>
    public const string NodeName = "grpcchat";

    private const int DefaultPoolSize = 20;

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="LogOpenException">It is not valid, or names no host.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new(connectionString);
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            throw new LogOpenException(
                $"the connection string is not valid: {error.Message}; write it like Host=db.example;Database=chat;Username=chat", error);
        }

        if (string.IsNullOrEmpty(settings.Host))
        {
            throw new LogOpenException("the connection string names no Host; write it like Host=db.example;Database=chat;Username=chat");
        }

        Default("Maximum Pool Size", () => settings.MaxPoolSize = DefaultPoolSize);

        // Where there are several hosts, one that does not answer must not hold up the next for long.
        Default("Timeout", () => settings.Timeout = settings.Host.Contains(',', StringComparison.Ordinal) ? 3 : 10);
        Default("Application Name", () => settings.ApplicationName = NodeName);

        // What is appended waits as long as the server needs: nobody could say what becomes of a command that was given up.
        settings.CommandTimeout = 0;
        settings.MaxAutoPrepare = 20;
        settings.AutoPrepareMinUsages = 2;
        settings.NoResetOnClose = true;
        settings.Enlist = false;
        settings.TcpKeepAlive = true;
        settings.TcpKeepAliveTime = 5;
        settings.TcpKeepAliveInterval = 5;
        return settings;

        void Default(string key, Action set)
        {
            if (!settings.ShouldSerialize(key))
            {
                set();
            }
        }
    }

    /// <summary>The database, for people.</summary>
    public static string Locate(NpgsqlConnectionStringBuilder settings)
    {
        var host = settings.Host!.Contains(',', StringComparison.Ordinal) ? settings.Host : $"{settings.Host}:{settings.Port}";
        return $"PostgreSQL at {host}, database {settings.Database ?? settings.Username}";
    }

    /// <summary>A connection string with several hosts, as one for each of them.</summary>
    public static NpgsqlConnectionStringBuilder[] Split(NpgsqlConnectionStringBuilder settings) =>
        Array.ConvertAll(settings.Host!.Split(','), host =>
        {
            var one = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Host = host };
            one.Remove("Target Session Attributes");
            return one;
        });
}
