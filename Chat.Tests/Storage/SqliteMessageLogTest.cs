using Microsoft.Data.Sqlite;

namespace GrpcChat.Tests.Storage;

/// <summary>A test of a SQLite log that looks at its files, also with another connection.</summary>
public abstract class SqliteMessageLogTest() : MessageLogTest(LogKind.Sqlite)
{
    private protected string DatabasePath => Path.Combine(DataDirectory, "chat.db");

    private protected SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        return connection;
    }

    private protected static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is this test's.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }
}
