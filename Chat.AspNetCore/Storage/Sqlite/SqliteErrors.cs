using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>Translates SQLite's errors for the person who runs the service.</summary>
internal static class SqliteErrors
{
    private const string DiskFull = "the disk is full";
    private const string FileTooLarge = "a file of the log may not become larger (RLIMIT_FSIZE)";

    // SQLITE_IOERR_WRITE, and SQLITE_IOERR_SHMSIZE, of the file by which processes share the index of the write-ahead log: extended
    // codes. What SQLite itself calls full is only a write to another file that met ENOSPC.
    private const int WriteError = 778;
    private const int SharedSizeError = 4874;

    // EFBIG of errno.h.
    private const int TooLarge = 27;

    // ENOSPC and EDQUOT of errno.h, which are also the HResults of the IOException.
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
        IsDiskFull(error) ? DiskFull : $"the disk takes no files: {MessageOf(error)}", error);

    /// <summary>
    /// Whether an error of a connection means that there was no room for what it wrote, and so that nothing of it is stored:
    /// the disk, the quota, or the largest file that the process may write.
    /// </summary>
    public static bool IsFull(SqliteException error, sqlite3 connection) =>
        IsFull(error.SqliteExtendedErrorCode, connection);

    /// <summary>The same for an extended code that a function has returned.</summary>
    public static bool IsFull(int extendedCode, sqlite3 connection) => extendedCode == raw.SQLITE_FULL
        || (extendedCode is WriteError or SharedSizeError
            && SystemErrorOf(connection) is TooLarge or LinuxNoSpace or LinuxQuota or MacQuota);

    /// <summary>Why a batch or a probe was not stored, of the errors after which the next one may be.</summary>
    /// <param name="error">The error.</param>
    /// <param name="connection">The connection that met it, if it is known.</param>
    public static string DescribeWrite(Exception error, sqlite3? connection = null) => error switch
    {
        SqliteException { SqliteErrorCode: raw.SQLITE_IOERR }
            when connection is not null && SystemErrorOf(connection) == TooLarge => FileTooLarge,
        SqliteException { SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_IOERR } => DiskFull,
        SqliteException { SqliteErrorCode: raw.SQLITE_BUSY } => "another process has locked the database",
        _ => IsDiskFull(error) ? DiskFull : MessageOf(error),
    };

    /// <summary>Why a file was not copied, of all errors.</summary>
    public static string DescribeCopy(Exception error) => error switch
    {
        // .NET has an exception of its own for EFBIG.
        SqliteException { SqliteExtendedErrorCode: WriteError } or ArgumentOutOfRangeException =>
            "the disk failed, or the file may not become larger (RLIMIT_FSIZE)",
        SqliteException { SqliteErrorCode: raw.SQLITE_IOERR } => MessageOf(error),
        _ => DescribeWrite(error),
    };

    private static bool IsDiskFull(Exception error) =>
        error is IOException && error.HResult is LinuxNoSpace or LinuxQuota or MacQuota or WindowsDiskFull;

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

    [DllImport("e_sqlite3", EntryPoint = "sqlite3_system_errno")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static extern int SystemErrorOf(sqlite3 connection);
}
