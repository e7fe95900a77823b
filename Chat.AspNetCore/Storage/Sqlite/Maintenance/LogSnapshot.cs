using GrpcChat.AspNetCore.Storage.Maintenance;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>
/// A log, or a copy of one, in one read transaction: it does not change while it is read, also if a service writes to it
/// meanwhile. Nothing is written.
/// </summary>
internal sealed class LogSnapshot : ILogSnapshot
{
    // Another process that holds a lock for longer has a reason to.
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    // For client offsets, which are looked up at random.
    private const int CacheKibibytes = 65_536;

    private readonly string path;
    private readonly long version;

    private LogSnapshot(string path, SqliteConnection connection)
    {
        this.path = path;
        Connection = connection;
        version = SqliteLogFile.ReadNumber(connection, "PRAGMA user_version");
        LogId = ReadLogId();
        Rooms = ReadRooms();
    }

    public SqliteConnection Connection { get; }

    public string LogId { get; }

    /// <summary>Whether the rows have checksums, and the log a witness. Those of the first version have none.</summary>
    public bool HasChecksums => version >= SqliteSchema.FirstWithChecksums;

    /// <summary>What the log's witness may say at most.</summary>
    public HeadWitness Witness => new(LogId, Rooms.Sum(room => room.Head));

    /// <summary>The checksum of a row in SQL.</summary>
    public string ChecksumOf(string table) => HasChecksums ? $"{table}.checksum" : "NULL";

    /// <summary>Whether a message is erased, in SQL.</summary>
    public string ErasedOf(string table) => version >= SqliteSchema.FirstWithErased ? $"{table}.erased" : "NULL";

    public IReadOnlyList<LogRoom> Rooms { get; }

    public long Messages => Rooms.Sum(room => room.Messages);

    /// <param name="path">The database file.</param>
    /// <param name="isBackup">Whether it is a copy; this decides what the message of an error says is to be done.</param>
    /// <exception cref="LogOpenException">It is no log, or cannot be read.</exception>
    public static LogSnapshot Open(string path, bool isBackup = false)
    {
        try
        {
            // Opening and closing the file would release the locks that SQLite has on it in this process. Whoever has it open
            // has this file, too.
            if (!File.Exists(path + "-shm"))
            {
                SqliteLogHeader.CheckReadable(path, isBackup);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw SqliteErrors.CannotOpen(path, error);
        }

        return OpenDatabase(path, isBackup);
    }

    /// <summary>Opens a file that is certainly a database.</summary>
    /// <exception cref="LogOpenException">It is no log, or cannot be read.</exception>
    public static LogSnapshot OpenDatabase(string path, bool isBackup = false)
    {
        SqliteConnection? connection = null;
        try
        {
            connection = SqliteLogFile.Connect(path, isBackup ? SqliteOpenMode.ReadOnly : ModeFor(path), LockTimeout);
            SqliteLogFile.Execute(connection, $"PRAGMA query_only = ON; PRAGMA cache_size = -{CacheKibibytes}; BEGIN");
            SqliteLogHeader.CheckIdentity(
                path,
                SqliteLogFile.ReadNumber(connection, "PRAGMA application_id"),
                SqliteLogFile.ReadNumber(connection, "PRAGMA user_version"),
                SqliteLogHeader.OtherFile(isBackup));
            return new LogSnapshot(path, connection);
        }
        catch (SqliteException error)
        {
            connection?.Dispose();
            throw isBackup
                ? new LogOpenException($"{path}: {SqliteErrors.DescribeCopy(error)}; use another backup", error)
                : SqliteErrors.CannotOpen(path, error);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>The log as the open transaction of a connection sees it. Whoever opened the connection disposes of it.</summary>
    public static LogSnapshot Within(string path, SqliteConnection connection) => new(path, connection);

    public IEnumerable<MessageRecord> ReadMessages(LogRoom room)
    {
        if (!room.IsIntact)
        {
            throw new LogDamagedException($"the row of room {room.Name} is not what was stored");
        }

        using var page = new SqliteStatement(Connection, $"""
            SELECT position, name, sent_at, client_offset, text, {ChecksumOf("message")}, {ErasedOf("message")}
            FROM message JOIN sender USING (sender_id)
            WHERE position BETWEEN ? AND ? ORDER BY position
            """);
        page.Bind(1, SqliteSchema.PositionOf(room.RoomId, room.Oldest)).Bind(2, SqliteSchema.PositionOf(room.RoomId, room.Head));
        var id = room.Oldest;
        for (; page.Step(); id++)
        {
            var found = SqliteSchema.IdOf(page.Int64(0));
            if (found != id)
            {
                throw new LogDamagedException($"room {room.Name}: message {id} is missing, and {found} follows");
            }

            yield return ReadMessage(page, room, id);
        }

        if (id <= room.Head)
        {
            throw new LogDamagedException($"room {room.Name}: message {id} is missing");
        }
    }

    public IEnumerable<ClientOffsetRecord> ReadRetainedOffsets()
    {
        if (Rooms.All(room => room.Oldest <= 1))
        {
            yield break;
        }

        using var offsets = new SqliteStatement(Connection, """
            SELECT room.name, sender.name, client_offset, id, content_hash
            FROM sender JOIN sent_key USING (sender_id) JOIN room USING (room_id)
            WHERE id < oldest ORDER BY sender.name, client_offset, room.name
            """);
        while (offsets.Step())
        {
            yield return new ClientOffsetRecord(
                offsets.Text(0), offsets.Text(1), offsets.Text(2), offsets.Int64(3), Convert.ToHexStringLower(offsets.Bytes(4)));
        }
    }

    public void Dispose() => Connection.Dispose();

    // Checked before it is decoded, which would put U+FFFD in the place of what is no UTF-8.
    private MessageRecord ReadMessage(SqliteStatement page, LogRoom room, long id) =>
        FindProblem(page) is { } problem
            ? throw new LogDamagedException($"room {room.Name}: message {id}: {problem}")
            : new MessageRecord(
                room.Name, id, page.Text(1), LogTime.FromMicroseconds(page.Int64(2)), page.Text(3), page.Text(4), page.Int64(6) != 0);

    /// <summary>
    /// What is wrong with a message whose columns are position, name of the sender, sent_at, client_offset, text, checksum and
    /// erased.
    /// </summary>
    public string? FindProblem(SqliteStatement message) => FindProblem(message, HasChecksums);

    /// <summary>The same for one whose row has a checksum, or none yet.</summary>
    public static string? FindProblem(SqliteStatement message, bool hasChecksums)
    {
        var (position, sentAt, isErased) = (message.Int64(0), message.Int64(2), message.Int64(6) != 0);
        return RowForm.FindProblem(message.Bytes(1), sentAt, message.Bytes(3), message.Bytes(4), isErased)
            ?? (hasChecksums && message.Int64(5)
                != RowChecksum.OfMessage(position, message.Bytes(1), sentAt, message.Bytes(3), message.Bytes(4), isErased)
                ? "it is not what was stored"
                : null);
    }

    // SQLite makes a write-ahead log and an index of it also for one who only reads, and only one who may write removes them. Of a log
    // that is in use or was left by a service that was killed, both are there and stay.
    private static SqliteOpenMode ModeFor(string path) =>
        File.Exists(path + "-shm") || new FileInfo(path + "-wal") is { Exists: true, Length: > 0 }
            ? SqliteOpenMode.ReadOnly
            : SqliteOpenMode.ReadWrite;

    private string ReadLogId()
    {
        using var statement = new SqliteStatement(Connection, "SELECT log_id FROM log");
        return statement.Step() ? statement.Text(0) : throw new LogOpenException($"{path} has no log id; restore it from a backup");
    }

    private List<LogRoom> ReadRooms()
    {
        var rooms = new List<LogRoom>();

        // The index of names has a copy of each, which is not the one that the checksum is of.
        using var statement = new SqliteStatement(
            Connection, $"SELECT room_id, name, oldest, head, {ChecksumOf("room")} FROM room NOT INDEXED ORDER BY name");
        while (statement.Step())
        {
            var (id, oldest, head) = (statement.Int64(0), statement.Int64(2), statement.Int64(3));
            var isIntact = !HasChecksums || statement.Int64(4) == RowChecksum.OfRoom(id, statement.Bytes(1), oldest, head);
            rooms.Add(new LogRoom(id, statement.Text(1), oldest, head, isIntact));
        }

        return rooms;
    }
}
