using System.Buffers.Binary;
using GrpcChat.AspNetCore.Storage.GroupCommit;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>The log in one SQLite database: one connection writes, a few others read.</summary>
internal sealed class SqliteMessageLog : GroupCommitLog
{
    private readonly SqliteLogFile file;
    private readonly SqliteConnection writer;
    private readonly SqliteCheckpoints checkpoints;
    private readonly TimeSpan lockTimeout;
    private readonly SqliteStatement begin, commit, rollback, touch;
    private readonly SqliteStatement findStored, insertRoom, insertMessage, insertOffset, setHead;
    private readonly SqliteSenders senders;
    private long lastRoomId;
    private long lastCommittedRoomId;
    private readonly SqliteReadProbe readProbe;
    private SqliteReaders? readers;

    private SqliteMessageLog(SqliteLogFile file, SqliteConnection writer, LogOptions options)
        : base(options)
    {
        this.file = file;
        this.writer = writer;
        lockTimeout = options.LockTimeout;
        checkpoints = new SqliteCheckpoints(writer, lockTimeout);
        readProbe = new SqliteReadProbe(file, Health);
        begin = new SqliteStatement(writer, "BEGIN IMMEDIATE");
        commit = new SqliteStatement(writer, "COMMIT");
        rollback = new SqliteStatement(writer, "ROLLBACK");

        // Writes the first page of the database, and changes nothing.
        touch = new SqliteStatement(writer, $"PRAGMA user_version = {SqliteSchema.Version}");
        findStored = new SqliteStatement(
            writer,
            "SELECT id, content_hash FROM sent_key WHERE room_id = ? AND sender_id = ? AND client_offset = ?");
        senders = new SqliteSenders(writer);
        insertRoom = new SqliteStatement(writer, "INSERT INTO room (room_id, name, oldest, head) VALUES (?, ?, 1, 0)");
        insertMessage = new SqliteStatement(
            writer,
            "INSERT INTO message (position, sender_id, sent_at, client_offset, text) VALUES (?, ?, ?, ?, ?)");
        insertOffset = new SqliteStatement(
            writer,
            "INSERT INTO sent_key (room_id, sender_id, client_offset, id, content_hash) VALUES (?, ?, ?, ?, ?)");
        setHead = new SqliteStatement(writer, "UPDATE room SET head = ? WHERE room_id = ?");
        LogId = ReadLogId();
    }

    public override string LogId { get; }

    public override string Location => file.Path;

    /// <summary>Opens the log in a directory, or creates a new one.</summary>
    /// <exception cref="LogOpenException">The log cannot be used.</exception>
    public static SqliteMessageLog Open(string directory, LogOptions? options = null)
    {
        options ??= new LogOptions();
        var file = SqliteLogFile.Open(directory, options.LockTimeout);
        SqliteConnection? writer = null;
        SqliteMessageLog? log = null;
        try
        {
            writer = file.OpenWriter();
            log = new SqliteMessageLog(file, writer, options);
            var messages = log.ReadRooms();
            log.readers = SqliteReaders.Open(file);
            SqliteFileMetrics.Watch(options.Metrics.Meter, file.Path);
            log.Start(messages);
            return log;
        }
        catch (Exception error)
        {
            log?.CloseWriter();
            writer?.Dispose();
            file.Dispose();
            if (error is SqliteException)
            {
                throw SqliteErrors.CannotOpen(file.Path, error);
            }

            throw;
        }
    }

    public override async ValueTask ReadAsync(
        string room,
        long after,
        long through,
        IMessageSink sink,
        CancellationToken cancellation)
    {
        if (!Rooms.TryGetValue(room, out var state) || after >= (through = Math.Min(through, state.Head)))
        {
            return;
        }

        using var taken = await readers!.TakeAsync(cancellation);
        try
        {
            taken.Reader.Read(state, after, through, sink);
        }
        catch (Exception error) when (error is LogDamagedException or StoreUnavailableException)
        {
            OnReadFailed(error, state, after, through);
            throw;
        }
    }

    public override async ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(
        string after,
        int count,
        CancellationToken cancellation)
    {
        using var taken = await readers!.TakeAsync(cancellation);
        try
        {
            return taken.Reader.ListRooms(after, count);
        }
        catch (Exception error) when (error is LogDamagedException or StoreUnavailableException)
        {
            OnListFailed(error, after, count);
            throw;
        }
    }

    protected override void BeginBatch() => begin.Run();

    protected override bool TryFindStored(RoomState room, Append append, out long id, out UInt128 contentHash)
    {
        (id, contentHash) = (0, default);
        if (senders.Find(append.Sender) is not { } sender)
        {
            return false;
        }

        findStored.Bind(1, room.RoomId).Bind(2, sender).Bind(3, append.ClientOffset);
        var found = findStored.Step();
        if (found)
        {
            id = findStored.Int64(0);
            contentHash = BinaryPrimitives.ReadUInt128BigEndian(findStored.Bytes(1));
        }

        findStored.Reset();
        return found;
    }

    protected override RoomState CreateRoom(string name)
    {
        var room = new RoomState(++lastRoomId, name, oldest: 1, head: 0);
        insertRoom.Bind(1, room.RoomId).Bind(2, name).Run();
        return room;
    }

    protected override void Insert(RoomState room, long id, Append append, DateTimeOffset sentAt)
    {
        var sender = senders.Find(append.Sender) ?? senders.Add(append.Sender);
        insertMessage
            .Bind(1, SqliteSchema.PositionOf(room.RoomId, id))
            .Bind(2, sender)
            .Bind(3, LogTime.ToMicroseconds(sentAt))
            .Bind(4, append.ClientOffset)
            .BindText(5, append.Text)
            .Run();

        Span<byte> hash = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(hash, append.ContentHash);
        insertOffset
            .Bind(1, room.RoomId)
            .Bind(2, sender)
            .Bind(3, append.ClientOffset)
            .Bind(4, id)
            .BindBlob(5, hash)
            .Run();
    }

    protected override void CommitBatch(IReadOnlyList<RoomState> touched)
    {
        foreach (var room in touched)
        {
            setHead.Bind(1, room.LastAssignedId).Bind(2, room.RoomId).Run();
        }

        commit.Run();
        senders.Commit();
        lastCommittedRoomId = lastRoomId;
    }

    protected override void RollbackBatch()
    {
        senders.Rollback();
        lastRoomId = lastCommittedRoomId;

        // After some errors, such as a full disk, SQLite has already ended the transaction.
        if (raw.sqlite3_get_autocommit(writer.Handle) == 0)
        {
            rollback.Run();
        }
    }

    // If the disk is full or another process holds the lock, SQLite undoes the batch. After any other error nobody
    // knows what is on the disk: SQLite forgets a failed fsync, for example, and the next commit succeeds.
    protected override bool IsCertainlyNotStored(Exception error) =>
        error is SqliteException { SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_BUSY };

    protected override string Describe(Exception error) => SqliteErrors.DescribeWrite(error);

    protected override void ProbeWrite()
    {
        file.ProbeSpace();

        // Without waiting for a lock: the next probe comes in a second.
        raw.sqlite3_busy_timeout(writer.Handle, 0);
        try
        {
            begin.Run();
        }
        finally
        {
            raw.sqlite3_busy_timeout(writer.Handle, (int)lockTimeout.TotalMilliseconds);
        }

        try
        {
            touch.Run();
            commit.Run();
        }
        catch
        {
            RollbackBatch();
            throw;
        }
    }

    protected override void ProbeRead() => readProbe.Repeat();

    protected override void OnAnswered() => checkpoints.AfterBatch();

    protected override bool OnIdle() => checkpoints.WhenIdle();

    protected override async ValueTask CloseAsync()
    {
        await readers!.DisposeAsync();
        CloseWriter();
    }

    // Methods of their own, so that a read that succeeds allocates nothing for these.
    private void OnReadFailed(Exception error, RoomState room, long after, long through)
    {
        readProbe.OnFailed(error, reader => reader.Read(room, after, through, EverySink.Instance));
        OnReadFailed();
    }

    private void OnListFailed(Exception error, string after, int count)
    {
        readProbe.OnFailed(error, reader => reader.ListRooms(after, count));
        OnReadFailed();
    }

    private void CloseWriter()
    {
        foreach (var statement in (SqliteStatement[])
            [begin, commit, rollback, touch, findStored, insertRoom, insertMessage, insertOffset, setHead])
        {
            statement.Dispose();
        }

        senders.Dispose();
        writer.Dispose();
        file.Dispose();
    }

    private string ReadLogId()
    {
        using var statement = new SqliteStatement(writer, "SELECT log_id FROM log");
        return statement.Step()
            ? statement.Text(0)
            : throw new LogOpenException($"{file.Path} has no log id; restore it from a backup");
    }

    private long ReadRooms()
    {
        using var statement = new SqliteStatement(writer, "SELECT room_id, name, oldest, head FROM room");
        var messages = 0L;
        while (statement.Step())
        {
            var room = new RoomState(statement.Int64(0), statement.Text(1), statement.Int64(2), statement.Int64(3));
            Rooms[room.Name] = room;
            lastCommittedRoomId = lastRoomId = Math.Max(lastRoomId, room.RoomId);
            messages += room.Head - room.Oldest + 1;
        }

        statement.Reset();
        return messages;
    }
}
