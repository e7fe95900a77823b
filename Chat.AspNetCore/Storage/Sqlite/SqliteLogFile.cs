using System.Globalization;
using System.Security.Cryptography;
using GrpcChat.Shared;
using Microsoft.Data.Sqlite;

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

    private readonly FileStream @lock;
    private readonly TimeSpan lockTimeout;

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
            SqliteLogHeader.Check(path);
            CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            var @lock = PrivateFile.TryLock(path) ?? throw new LogOpenException(
                $"{path} is in use by another service; stop that service, or use another data directory");
            var file = new SqliteLogFile(path, @lock, lockTimeout);
            try
            {
                if (SqliteLogHeader.IsNew(path))
                {
                    file.Create();
                }

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
        var connection = Connect(Path, SqliteOpenMode.ReadWrite);
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

    public SqliteConnection OpenReader() => Connect(Path, SqliteOpenMode.ReadOnly);

    public void Dispose() => @lock.Dispose();

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static void CreateDirectory(string directory)
    {
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(
                directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        else
        {
            Directory.CreateDirectory(directory);
        }
    }

    // Created under another name and renamed once it is complete, so that a crash leaves no partial log.
    private void Create()
    {
        var newPath = Path + ".new";
        File.Delete(newPath);
        PrivateFile.Open(newPath, FileMode.CreateNew).Dispose();
        using (var connection = Connect(newPath, SqliteOpenMode.ReadWrite))
        {
            Execute(connection, $"""
                PRAGMA synchronous = FULL;
                BEGIN;
                PRAGMA application_id = {SqliteSchema.ApplicationId};
                PRAGMA user_version = {SqliteSchema.Version};
                {SqliteSchema.Sql}
                INSERT INTO log VALUES ('{IMessageLog.NewId()}');
                COMMIT;
                PRAGMA journal_mode = WAL;
                """);
        }

        File.Move(newPath, Path, overwrite: true);
    }

    private SqliteConnection Connect(string path, SqliteOpenMode mode)
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
    private static void SetPragma(SqliteConnection connection, string pragma, string value, string? readsAs = null)
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
