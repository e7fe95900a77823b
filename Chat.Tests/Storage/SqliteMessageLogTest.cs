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

    /// <summary>Damages a table while the log is closed.</summary>
    private protected void OverwriteRootPageOf(string table)
    {
        long root, pageSize;
        using (var other = Connect())
        {
            root = (long)Scalar(other, $"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")!;
            pageSize = (long)Scalar(other, "PRAGMA page_size")!;
        }

        using var file = File.OpenWrite(DatabasePath);
        file.Position = (root - 1) * pageSize;
        file.Write(Enumerable.Repeat((byte)0xA5, (int)pageSize).ToArray());
    }
}
