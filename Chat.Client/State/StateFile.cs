using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace Chat.Client.State;

/// <summary>
/// The database that keeps a client's outbox and positions: found, checked, made or refused, and locked against a second
/// process. A file that is not a client's is not touched.
/// </summary>
internal sealed class StateFile : IDisposable
{
    private const int ApplicationId = 0x47434353; // "GCCS"
    private const int SchemaVersion = 1;

    // What an IOException carries where another process has the file open.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    private const string Schema = """
        CREATE TABLE chat_client (address TEXT NOT NULL, sender TEXT NOT NULL) STRICT;

        -- Without an answer, or refused and not yet taken by the application.
        CREATE TABLE chat_outbox (
            sequence      INTEGER PRIMARY KEY,
            room          TEXT NOT NULL,
            client_offset TEXT NOT NULL,
            text          TEXT NOT NULL,
            reason        INTEGER, -- why it was refused
            detail        TEXT
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

    /// <exception cref="ChatStateException">It can't be used; it was not changed.</exception>
    public static StateFile Open(string path, string address, string sender)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            var (@lock, isNew) = Claim(path);
            var file = Connect(path, @lock);
            try
            {
                file.Prepare(isNew, address, sender);
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

    /// <summary>What an error means, and what to do.</summary>
    public static string Describe(Exception error) => error is SqliteException { SqliteErrorCode: var code }
        ? code switch
        {
            SQLitePCL.raw.SQLITE_FULL => "the disk is full; make room, and try again",
            SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM or SQLitePCL.raw.SQLITE_CANTOPEN =>
                "the directory or the file is not writable",
            SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_CORRUPT =>
                "it is damaged; put a copy in its place, or move it away and begin anew (what it kept is not sent then)",
            SQLitePCL.raw.SQLITE_BUSY => "another process holds it locked",
            _ => error.Message,
        }
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
        // Closing any handle of a file drops all locks that this process has on it, those of a client that uses it, too. So
        // where one may have been here, nothing opens the file before the lock is ours; where none was, nothing is made
        // beside a file that is not a client's.
        var @lock = File.Exists(LockOf(path)) ? Lock(path) : null;
        try
        {
            if (Directory.Exists(path))
            {
                throw new ChatStateException($"{path} is a directory; name a file in it, or another one");
            }

            var isNew = !File.Exists(path) || new FileInfo(path).Length == 0;
            if (!isNew)
            {
                CheckHeader(path);
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

    private static string LockOf(string path) => path + ".lock";

    private static void CheckHeader(string path)
    {
        Span<byte> header = stackalloc byte[100];

        // For writing, because SQLite would open a file that can't be written to, and fail later.
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length
            || !header.StartsWith("SQLite format 3\0"u8)
            || BinaryPrimitives.ReadInt32BigEndian(header[68..]) != ApplicationId)
        {
            throw new ChatStateException($"{path} is no state file of a chat client; name another one, or move that file away");
        }

        var version = BinaryPrimitives.ReadInt32BigEndian(header[60..]);
        if (version > SchemaVersion)
        {
            throw new ChatStateException(
                $"the state file {path} has version {version}, and this client knows {SchemaVersion}: use the newer client that wrote it");
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
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            if (!File.Exists(path))
            {
                // Made here with these rights, so that SQLite does not make it with others.
                new FileStream(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, UnixCreateMode = options.UnixCreateMode }).Dispose();
            }
        }

        try
        {
            return new FileStream(LockOf(path), options);
        }
        catch (IOException error) when (error.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation)
        {
            throw new ChatStateException(
                $"the state file {path} is in use by another process; end that one, or name another file", error);
        }
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

    private void Prepare(bool isNew, string address, string sender)
    {
        Execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA busy_timeout = 5000");
        if (isNew || IsEmpty())
        {
            Execute($"BEGIN IMMEDIATE; PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {SchemaVersion}; {Schema}");
            using var insert = Connection.CreateCommand();
            insert.CommandText = "INSERT INTO chat_client VALUES ($address, $sender); COMMIT";
            insert.Parameters.AddWithValue("$address", address);
            insert.Parameters.AddWithValue("$sender", sender);
            insert.ExecuteNonQuery();
        }
        else
        {
            CheckOwner(address, sender);
        }

        Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    }

    // Also where a process has died while it made the file: SQLite takes back what that one has written.
    private bool IsEmpty()
    {
        using var count = Connection.CreateCommand();
        count.CommandText = "PRAGMA page_count";
        return count.ExecuteScalar() is 0L;
    }

    private void CheckOwner(string address, string sender)
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

        if (row.GetString(0) != address)
        {
            throw new ChatStateException(
                $"the state file {Path} belongs to the service at {row.GetString(0)}, and not to the one at {address}; name another file for that");
        }

        if (row.GetString(1) != sender)
        {
            throw new ChatStateException(
                $"the state file {Path} belongs to the sender '{row.GetString(1)}', and not to '{sender}'; name another file for that");
        }
    }
}
