using Microsoft.Data.Sqlite;

namespace Chat.Service.Log.Sqlite;

/// <summary>SQLite's errors in the words of the person who starts the service.</summary>
internal static class SqliteErrors
{
    public static LogOpenException CannotOpen(string path, Exception error) =>
        new($"cannot open the log {path}: {Sentence(error)}", error);

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
