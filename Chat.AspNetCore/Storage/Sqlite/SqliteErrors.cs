using Microsoft.Data.Sqlite;

namespace Chat.AspNetCore.Storage.Sqlite;

/// <summary>SQLite's errors in the words of the person who runs the service.</summary>
internal static class SqliteErrors
{
    public static LogOpenException CannotOpen(string path, Exception error) =>
        new($"cannot open the log {path}: {Sentence(error)}", error);

    /// <summary>What an error of a read means: the log is damaged, or it can't be read now.</summary>
    public static Exception CannotRead(string what, SqliteException error) =>
        error.SqliteErrorCode is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB
            ? new LogDamagedException($"{what}: {error.Message}")
            : new StoreUnavailableException($"cannot read {what}: {error.Message}", error);

    private static string Sentence(Exception error) => error is SqliteException { SqliteErrorCode: var code }
        ? code switch
        {
            SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM or SQLitePCL.raw.SQLITE_CANTOPEN =>
                "the directory or the database is not writable",
            SQLitePCL.raw.SQLITE_NOTADB => "it is not a database",
            SQLitePCL.raw.SQLITE_CORRUPT => "it is damaged; restore it from a backup",
            SQLitePCL.raw.SQLITE_BUSY => "another process holds it locked",
            SQLitePCL.raw.SQLITE_FULL => "the disk is full",
            _ => error.Message,
        }
        : error.Message;
}
