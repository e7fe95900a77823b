using System.Collections.Concurrent;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.LocalPostgres;

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
