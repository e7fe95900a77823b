using System.Collections.Concurrent;
using System.Globalization;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.LocalPostgres;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace GrpcChat.TestSupport;

/// <summary>
/// The log of the services that tests start: SQLite, or PostgreSQL if the environment variable <see cref="Variable"/> is
/// <c>postgres</c>. A test that is about the files of SQLite has the trait <c>Log</c> with the value <c>sqlite</c>.
/// </summary>
internal static class TestLog
{
    public const string Variable = "GRPCCHAT_TEST_LOG";

    private static readonly ConcurrentDictionary<string, Lazy<string>> Databases = [];

    public static bool IsPostgres { get; } = Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" or "sqlite" => false,
        "postgres" => true,
        var other => throw new InvalidOperationException($"{Variable} is '{other}'; set it to sqlite or postgres."),
    };

    /// <summary>The connection string of the log that stands for this directory; null = the log is in the directory.</summary>
    public static string? DatabaseOf(string directory) => IsPostgres
        ? Databases.GetOrAdd(directory, _ => new Lazy<string>(() => PostgresCluster.Shared.CreateDatabase())).Value
        : null;

    /// <summary>Opens the log of a directory.</summary>
    public static IMessageLog Open(string directory, LogOptions? options = null) =>
        DatabaseOf(directory) is { } database
            ? PostgresMessageLog.Open(database, options)
            : SqliteMessageLog.Open(directory, options);

    /// <summary>What the log is told when it stores something on a disk that is full.</summary>
    public static Exception DiskFull() => IsPostgres
        ? new PostgresException("could not extend file", "ERROR", "ERROR", PostgresErrorCodes.DiskFull)
        : new SqliteException("full", SQLitePCL.raw.SQLITE_FULL);

    /// <summary>Takes messages out of a closed log, behind its back.</summary>
    /// <returns>How many there were.</returns>
    public static int LoseMessages(string directory, long id)
    {
        if (DatabaseOf(directory) is { } database)
        {
            return Convert.ToInt32(PostgresCluster.Execute(database, $"""
                WITH lost AS (DELETE FROM grpcchat.message WHERE id = {id} RETURNING 1) SELECT count(*) FROM lost
                """), CultureInfo.InvariantCulture);
        }

        using var connection = new SqliteConnection($"Data Source={directory}/chat.db;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM message WHERE position & 0xffff = $id";
        command.Parameters.AddWithValue("$id", id);
        return command.ExecuteNonQuery();
    }

    /// <summary>Drops the databases that stand for what is in a directory.</summary>
    public static void Forget(string directory)
    {
        foreach (var data in Databases.Keys.Where(data => data.StartsWith(directory, StringComparison.Ordinal)))
        {
            if (Databases.TryRemove(data, out var database))
            {
                PostgresCluster.Shared.DropDatabase(database.Value);
            }
        }
    }
}
