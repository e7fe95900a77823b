using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using GrpcChat.Shared;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// The database file of a log: checked before anything is written, created if there is none, and locked against a
/// second service. It opens the connections.
/// </summary>
internal sealed class SqliteLogFile : IDisposable
{
    public const string FileName = "chat.db";

    // What must fit on a full disk before it counts as having room again. A batch takes less, except for the largest.
    private const int SpaceProbeBytes = 1024 * 1024;

    // How long a lock may outlive its owner.
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(1);

    private readonly FileStream @lock;
    private readonly TimeSpan lockTimeout;
    private InodeLock? inodeLock;
    private SafeFileHandle? content;

    private SqliteLogFile(string path, FileStream @lock, TimeSpan lockTimeout)
    {
        Path = path;
        this.@lock = @lock;
        this.lockTimeout = lockTimeout;
    }

    public string Path { get; }

    /// <summary>Opens the log in a directory, or creates a new one.</summary>
    /// <exception cref="LogOpenException">The log cannot be used; it was not changed.</exception>
    public static SqliteLogFile Open(string directory, TimeSpan lockTimeout)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetFullPath(directory), FileName);
        try
        {
            path = Resolve(path);
            var file = new SqliteLogFile(path, Claim(path), lockTimeout);
            try
            {
                if (SqliteLogHeader.IsNew(path))
                {
                    file.Create();
                }

                file.inodeLock = Patiently(() => InodeLock.TryTake(path)) ?? throw InUse(path, holder: null);
                return file;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw SqliteErrors.CannotOpen(path, error);
        }
    }

    /// <summary>Opens the one connection that writes and makes checkpoints.</summary>
    public SqliteConnection OpenWriter()
    {
        var connection = Connect(Path, SqliteOpenMode.ReadWrite, lockTimeout);
        try
        {
            SetPragma(connection, "journal_mode", "WAL");
            SetPragma(connection, "synchronous", "FULL", "2");

            // The writer makes checkpoints after it has answered a batch, and not inside a commit.
            SetPragma(connection, "wal_autocheckpoint", "0");
            Execute(connection, "PRAGMA cache_size = -16384"); // KiB; client offsets are looked up at random
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Finds out whether the disk takes more than a few bytes, by a file that is gone when this returns.</summary>
    /// <exception cref="StoreUnavailableException">It does not.</exception>
    public void ProbeSpace()
    {
        var path = Path + ".probe";
        try
        {
            // A file that a killed process left behind is replaced.
            File.Delete(path);
            try
            {
                using var file = PrivateFile.Open(path, FileMode.CreateNew);

                // Bytes that no file system stores in less room.
                file.Write(RandomNumberGenerator.GetBytes(SpaceProbeBytes));
                file.Flush(flushToDisk: true);
            }
            finally
            {
                File.Delete(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw SqliteErrors.CannotProbe(error);
        }
    }

    /// <summary>The database as a file, for what SQLite does not use in it. It stays open as long as this.</summary>
    public SafeFileHandle Content => content ??= File.OpenHandle(
        Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    public SqliteConnection OpenReader() => Connect(Path, SqliteOpenMode.ReadOnly, lockTimeout);

    /// <summary>Call it after every connection has been closed: closing a file takes SQLite's own locks of it away.</summary>
    public void Dispose()
    {
        content?.Dispose();
        inodeLock?.Dispose();
        @lock.Dispose();
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The number that a statement returns; 0 = none.</summary>
    public static long ReadNumber(SqliteConnection connection, string sql)
    {
        using var statement = new SqliteStatement(connection, sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    // SQLite puts its other files beside the file that a link leads to, and so does the lock.
    public static string Resolve(string path) =>
        new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : path;

    // Closing any handle of a file drops all locks that this process holds on it. So where a service may have been, nothing opens
    // the database before the lock is ours; where none was, nothing is created beside a file of another application.
    private static FileStream Claim(string path)
    {
        var @lock = File.Exists(PrivateFile.LockPath(path)) ? Lock(path) : null;
        try
        {
            SqliteLogHeader.Check(path);
            UserDirectories.CreatePrivate(System.IO.Path.GetDirectoryName(path)!);
            return @lock ?? Lock(path);
        }
        catch
        {
            @lock?.Dispose();
            throw;
        }
    }

    private static FileStream Lock(string path) =>
        Patiently(() => PrivateFile.TryLock(path)) ?? throw InUse(path, PrivateFile.LockHolder(path));

    // A lock outlives its owner by a moment: in a process that is being killed, and in a child that has been forked and does not
    // run its program yet.
    private static T? Patiently<T>(Func<T?> tryTake)
        where T : class
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            if (tryTake() is { } taken)
            {
                return taken;
            }

            if (Stopwatch.GetElapsedTime(begun) > LockPatience)
            {
                return null;
            }

            Thread.Sleep(10);
        }
    }

    private static LogOpenException InUse(string path, string? holder) => new(
        $"{path} is in use by another service{(holder is null ? "" : $", {holder}")}; stop that service, "
        + "or use another data directory");

    /// <summary>Makes an empty database a log.</summary>
    /// <param name="connection">Writes to the database.</param>
    /// <param name="logId">The log's id, of hexadecimal digits.</param>
    public static void CreateTables(SqliteConnection connection, string logId) => Execute(connection, $"""
        BEGIN;
        PRAGMA application_id = {SqliteSchema.ApplicationId};
        PRAGMA user_version = {SqliteSchema.Version};
        {SqliteSchema.Sql}
        INSERT INTO log VALUES ('{logId}');
        COMMIT;
        """);

    // Created under another name and renamed once it is complete, so that a crash leaves no partial log.
    private void Create()
    {
        var (newPath, id) = (Path + ".new", IMessageLog.NewId());
        File.Delete(newPath);
        PrivateFile.Open(newPath, FileMode.CreateNew).Dispose();
        using (var connection = Connect(newPath, SqliteOpenMode.ReadWrite, lockTimeout))
        {
            Execute(connection, "PRAGMA synchronous = FULL");
            CreateTables(connection, id);
            Execute(connection, "PRAGMA journal_mode = WAL");
        }

        // Before the database: one without a witness is refused.
        new HeadWitness(id, SumOfHeads: 0).Write(Path);
        File.Move(newPath, Path, overwrite: true);
    }

    /// <summary>Opens a database with the settings that protect against one that somebody else has made.</summary>
    public static SqliteConnection Connect(string path, SqliteOpenMode mode, TimeSpan lockTimeout)
    {
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = Math.Max(1, (int)lockTimeout.TotalSeconds),
        };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            Execute(connection, $"""
                PRAGMA busy_timeout = {(long)lockTimeout.TotalMilliseconds};
                PRAGMA trusted_schema = OFF;
                PRAGMA secure_delete = ON;
                PRAGMA cell_size_check = ON;
                PRAGMA mmap_size = 0;
                """);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // SQLite does not report a pragma that has no effect, so the value is read back.
    public static void SetPragma(SqliteConnection connection, string pragma, string value, string? readsAs = null)
    {
        Execute(connection, $"PRAGMA {pragma} = {value}");
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA {pragma}";
        var actual = Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture);
        if (!string.Equals(actual, readsAs ?? value, StringComparison.OrdinalIgnoreCase))
        {
            throw new LogOpenException(
                $"{connection.DataSource}: SQLite did not accept PRAGMA {pragma} = {value} and keeps {actual}; "
                + "use a data directory on a local file system");
        }
    }
}
