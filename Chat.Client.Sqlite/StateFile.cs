using Microsoft.Data.Sqlite;

namespace GrpcChat.Client.Sqlite;

/// <summary>
/// The database file that keeps a client's outbox and positions: checked, created or refused, and locked against other
/// processes. A file of another application is not touched.
/// </summary>
internal sealed class StateFile : IDisposable
{
    private const int ApplicationId = 0x47434353; // "GCCS"
    private const int SchemaVersion = 1;
    private const string WritableAdvice = "make it writable for this user, or give another path";

    private const string Schema = """
        -- Whom the file belongs to; the address is the name of the service, by default its first address.
        CREATE TABLE chat_client (address TEXT NOT NULL, sender TEXT NOT NULL) STRICT;

        -- Messages without an answer, and refused ones that the application has not been told of.
        CREATE TABLE chat_outbox (
            sequence      INTEGER PRIMARY KEY,
            room          TEXT NOT NULL,
            client_offset TEXT NOT NULL,
            text          TEXT NOT NULL,
            reason        INTEGER, -- why it was refused; a RefusalReason
            detail        TEXT     -- the same for people
        ) STRICT;

        CREATE TABLE chat_position (
            room   TEXT PRIMARY KEY,
            log_id TEXT NOT NULL,
            id     INTEGER NOT NULL
        ) STRICT;
        """;

    private readonly FileStream @lock;

    private StateFile(string path, FileStream @lock, SqliteConnection connection)
    {
        Path = path;
        this.@lock = @lock;
        Connection = connection;
    }

    public string Path { get; }

    public SqliteConnection Connection { get; }

    /// <param name="path">The full path.</param>
    /// <param name="service">The name of the service.</param>
    /// <param name="sender">The sender.</param>
    /// <exception cref="ChatStateException">The file can't be used; it was not changed.</exception>
    public static StateFile Open(string path, string service, string sender)
    {
        try
        {
            var (@lock, isNew) = Claim(path);
            var file = Connect(path, @lock);
            try
            {
                file.Prepare(isNew, service, sender);
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
            throw new ChatStateException($"cannot open the state file {path}: {Describe(error)}", error);
        }
    }

    /// <summary>What an error means and what to do, for people.</summary>
    public static string Describe(Exception error) => error is SqliteException { SqliteErrorCode: var code }
        ? code switch
        {
            SQLitePCL.raw.SQLITE_FULL => "the disk is full; free some space and try again",
            SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM or SQLitePCL.raw.SQLITE_CANTOPEN =>
                $"the directory or the file is not writable; {WritableAdvice}",
            SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_CORRUPT =>
                "it is damaged; restore a copy, or move it away to start over (the messages in it are not sent then)",
            SQLitePCL.raw.SQLITE_BUSY => "another process has locked it",
            _ => error.Message,
        }
        : error is UnauthorizedAccessException
            ? $"{error.Message.TrimEnd('.')}; {WritableAdvice}"
            : error.Message;

    public void Execute(string sql)
    {
        using var command = Connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        Connection.Dispose();
        @lock.Dispose();
    }

    private static (FileStream Lock, bool IsNew) Claim(string path)
    {
        // Closing any handle of a file drops all locks that this process holds on it, including those of a client that
        // uses it. So if a client may have been here, nothing opens the file before the lock is ours; if none was,
        // nothing is created beside a file of another application.
        var @lock = File.Exists(PrivateFile.LockPath(path)) ? Lock(path) : null;
        try
        {
            if (Directory.Exists(path))
            {
                throw new ChatStateException($"{path} is a directory; give the path of a file");
            }

            var isNew = !File.Exists(path) || new FileInfo(path).Length == 0;
            if (!isNew)
            {
                EnsureHeader(path);
            }
            else if (System.IO.Path.GetDirectoryName(path) is { } directory)
            {
                Directory.CreateDirectory(directory);
            }

            return (@lock ?? Lock(path), isNew);
        }
        catch
        {
            @lock?.Dispose();
            throw;
        }
    }

    private static void EnsureHeader(string path)
    {
        // For writing, because SQLite would open a read-only file and fail later.
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (SqliteHeader.Read(file) is not { ApplicationId: ApplicationId, SchemaVersion: var version })
        {
            throw new ChatStateException(
                $"{path} is not a state file of a chat client; give another path, or move that file away");
        }

        if (version > SchemaVersion)
        {
            throw new ChatStateException(
                $"the state file {path} has version {version}, but this client supports only {SchemaVersion}; "
                + "use the newer client that wrote it");
        }
    }

    private static FileStream Lock(string path)
    {
        if (!File.Exists(path))
        {
            // Created here, for its owner alone, because SQLite would create it with other permissions.
            PrivateFile.Open(path, FileMode.OpenOrCreate).Dispose();
        }

        return PrivateFile.TryLock(path) ?? throw new ChatStateException(
            $"the state file {path} is in use by another client, {PrivateFile.LockHolder(path) ?? "of an unknown process"}; "
            + "end that one, or give another path");
    }

    private static StateFile Connect(string path, FileStream @lock)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false };
        var file = new StateFile(path, @lock, new SqliteConnection(settings.ToString()));
        try
        {
            file.Connection.Open();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Prepare(bool isNew, string service, string sender)
    {
        Execute("""
            PRAGMA trusted_schema = OFF;
            PRAGMA cell_size_check = ON;
            PRAGMA mmap_size = 0;
            PRAGMA busy_timeout = 5000;
            """);
        if (isNew || IsEmpty())
        {
            Execute($"""
                BEGIN IMMEDIATE;
                PRAGMA application_id = {ApplicationId};
                PRAGMA user_version = {SchemaVersion};
                {Schema}
                """);
            using var insert = Connection.CreateCommand();
            insert.CommandText = "INSERT INTO chat_client VALUES ($address, $sender); COMMIT";
            insert.Parameters.AddWithValue("$address", service);
            insert.Parameters.AddWithValue("$sender", sender);
            insert.ExecuteNonQuery();
        }
        else
        {
            EnsureOwner(service, sender);
        }

        Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    }

    // Also if a process was killed while it created the file: SQLite rolls back what that process wrote.
    private bool IsEmpty()
    {
        using var count = Connection.CreateCommand();
        count.CommandText = "PRAGMA page_count";
        return count.ExecuteScalar() is 0L;
    }

    private void EnsureOwner(string service, string sender)
    {
        using (var check = Connection.CreateCommand())
        {
            check.CommandText = "PRAGMA quick_check(1)";
            if (check.ExecuteScalar() is not "ok")
            {
                throw new SqliteException("damaged", SQLitePCL.raw.SQLITE_CORRUPT);
            }
        }

        using var command = Connection.CreateCommand();
        command.CommandText = "SELECT address, sender FROM chat_client";
        using var row = command.ExecuteReader();
        if (!row.Read())
        {
            throw new SqliteException("damaged", SQLitePCL.raw.SQLITE_CORRUPT);
        }

        if (row.GetString(0) != service)
        {
            throw new ChatStateException(
                $"the state file {Path} belongs to the service '{row.GetString(0)}', not to '{service}'; "
                    + "give another path, or set StateName if the service has only moved");
        }

        if (row.GetString(1) != sender)
        {
            throw new ChatStateException(
                $"the state file {Path} belongs to the sender '{row.GetString(1)}', not to '{sender}'; "
                    + "give another path");
        }
    }
}
