using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>Translates SQLite's errors for the person who runs the service.</summary>
internal static class SqliteErrors
{
    private const string DiskFull = "the disk is full";

    // The HResults of the IOException for a full disk and a used up quota.
    private const int LinuxNoSpace = 28;
    private const int LinuxQuota = 122;
    private const int MacQuota = 69;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static LogOpenException CannotOpen(string path, Exception error) => new($"{path}: {Describe(error)}", error);

    /// <summary>An error of a read: the log is damaged, or it cannot be read now.</summary>
    public static Exception CannotRead(string what, SqliteException error) =>
        error.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
            ? new LogDamagedException($"{what}: {MessageOf(error)}")
            : new StoreUnavailableException($"cannot read {what}: {MessageOf(error)}", error);

    /// <summary>An error of a probe of the disk's room.</summary>
    public static StoreUnavailableException CannotProbe(Exception error) => new(
        error.HResult is LinuxNoSpace or LinuxQuota or MacQuota or WindowsDiskFull
            ? DiskFull
            : $"the disk takes no files: {MessageOf(error)}",
        error);

    /// <summary>Why a batch or a probe was not stored, of the errors after which the next one may be.</summary>
    public static string DescribeWrite(Exception error) => error is SqliteException { SqliteErrorCode: var code }
        ? code switch
        {
            raw.SQLITE_FULL => DiskFull,
            raw.SQLITE_BUSY => "another process has locked the database",
            _ => MessageOf(error),
        }
        : MessageOf(error);

    private static string Describe(Exception error) => error is SqliteException { SqliteErrorCode: var code }
        ? code switch
        {
            raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_CANTOPEN =>
                "the directory or the database is not writable; change its permissions, or use another data directory",
            raw.SQLITE_NOTADB => "the file is not a database; move it away, or use another data directory",
            raw.SQLITE_CORRUPT => "the database is damaged; restore it from a backup",
            raw.SQLITE_BUSY => "another process has locked the database; stop that process, and start again",
            raw.SQLITE_FULL => "the disk is full; free some space, and start again",
            _ => MessageOf(error),
        }
        : MessageOf(error);

    private static string MessageOf(Exception error) => error.Message.TrimEnd('.');
}
