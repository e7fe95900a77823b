using Microsoft.Data.Sqlite;

namespace Chat.AspNetCore.Storage.Sqlite;

/// <summary>
/// The database file of a log: found, checked, made or refused before anything is written, and locked against a second
/// server. It opens the connections.
/// </summary>
internal sealed class SqliteLogFile : IDisposable
{
    public const string FileName = "chat.db";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // What an IOException carries where another process has the file open.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    private const string Schema = """
        CREATE TABLE log (log_id TEXT NOT NULL) STRICT;

        CREATE TABLE room (
            room_id INTEGER PRIMARY KEY,
            name    TEXT    NOT NULL UNIQUE,
            oldest  INTEGER NOT NULL,
            head    INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE sender (
            sender_id INTEGER PRIMARY KEY,
            name      TEXT NOT NULL UNIQUE
        ) STRICT;

        -- position = room_id << 40 | id: the messages of a room lie side by side in one tree, and need no other index.
        CREATE TABLE message (
            position      INTEGER PRIMARY KEY,
            sender_id     INTEGER NOT NULL,
            sent_at       INTEGER NOT NULL, -- microseconds since 1970
            client_offset TEXT    NOT NULL,
            text          TEXT    NOT NULL
        ) STRICT;

        -- The dedupe keys, kept for ever: they outlive the message. A sender's keys count up, mostly, so those of all its
        -- rooms lie side by side, and a batch that goes to many rooms touches few pages.
        CREATE TABLE sent_key (
            room_id       INTEGER NOT NULL,
            sender_id     INTEGER NOT NULL,
            client_offset TEXT    NOT NULL,
            id            INTEGER NOT NULL,
            content_hash  BLOB    NOT NULL, -- first 16 bytes of SHA-256
            PRIMARY KEY (sender_id, client_offset, room_id)
        ) STRICT, WITHOUT ROWID;
        """;

    private readonly FileStream @lock;
    private readonly TimeSpan lockTimeout;

    private SqliteLogFile(string path, FileStream @lock, TimeSpan lockTimeout)
    {
        Path = path;
        this.@lock = @lock;
        this.lockTimeout = lockTimeout;
    }

    public string Path { get; }

    /// <summary>Opens the log in a directory, or makes a new one where there is none.</summary>
    /// <exception cref="LogOpenException">It can't be used; the log was not changed.</exception>
    public static SqliteLogFile Open(string directory, TimeSpan lockTimeout)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetFullPath(directory), FileName);
        try
        {
            SqliteLogHeader.Check(path);
            CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            var file = new SqliteLogFile(path, Lock(path), lockTimeout);
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
            Demand(connection, "journal_mode", "WAL");
            Demand(connection, "synchronous", "FULL", "2");

            // Checkpoints are made by the writer when a batch has been answered, not inside a commit.
            Demand(connection, "wal_autocheckpoint", "0");
            Execute(connection, "PRAGMA cache_size = -16384"); // KiB; the dedupe keys are looked up at random
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
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
            Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        }
        else
        {
            Directory.CreateDirectory(directory);
        }
    }

    private static FileStream Lock(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        try
        {
            return new FileStream(path + ".lock", options);
        }
        catch (IOException error) when (IsHeldByAnother(error))
        {
            throw new LogOpenException(
                $"the log {path} is in use by another server; end that one, or use another --data", error);
        }
    }

    // A read-only file system or a full disk is something else.
    private static bool IsHeldByAnother(IOException error) =>
        error.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation;

    // Made under another name and moved when whole, so that a crash leaves no half-made log.
    private void Create()
    {
        var making = Path + ".new";
        File.Delete(making);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        new FileStream(making, options).Dispose();
        using (var connection = Connect(making, SqliteOpenMode.ReadWrite))
        {
            Execute(connection, $"""
                PRAGMA synchronous = FULL;
                BEGIN;
                PRAGMA application_id = {SqliteLogHeader.ApplicationId};
                PRAGMA user_version = {SqliteLogHeader.SchemaVersion};
                {Schema}
                INSERT INTO log VALUES ('{LogIds.New()}');
                COMMIT;
                PRAGMA journal_mode = WAL;
                """);
        }

        File.Move(making, Path, overwrite: true);
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

    // A pragma that does not take effect says nothing: it has to be read back.
    private static void Demand(SqliteConnection connection, string pragma, string value, string? readsAs = null)
    {
        Execute(connection, $"PRAGMA {pragma} = {value}");
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA {pragma}";
        var got = Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
        if (!string.Equals(got, readsAs ?? value, StringComparison.OrdinalIgnoreCase))
        {
            throw new LogOpenException(
                $"the log {connection.DataSource} refuses PRAGMA {pragma} = {value} and stays at {got}");
        }
    }
}
