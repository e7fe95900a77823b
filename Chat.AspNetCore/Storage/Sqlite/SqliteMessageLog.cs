using GrpcChat.AspNetCore.Storage.GroupCommit;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>The log in one SQLite database: one connection writes, a few others read.</summary>
internal sealed class SqliteMessageLog : GroupCommitLog
{
    // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE in sqlite3.h.
    private const int NoCheckpointOnClose = 1006;

    private readonly SqliteLogFile file;
    private readonly SqliteConnection writer;
    private readonly SqliteCheckpoints checkpoints;
    private readonly TimeSpan lockTimeout;
    private readonly SqliteStatement begin, commit, rollback, touch;
    private readonly SqliteRowWriter rows;
    private readonly SqliteErasure erasure;
    private long sumOfHeads;
    private string logId;
    private readonly SqliteReadProbe readProbe;
    private readonly HeadWitnessWriter witness;
    private SqliteFileWatch? watch;
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
        rows = new SqliteRowWriter(writer);
        erasure = new SqliteErasure(this, writer, file, checkpoints, options.Time);
        logId = ReadLogId();
        witness = new HeadWitnessWriter(file.Path, () => Witness, options.Time);
    }

    public override string LogId => logId;

    public override string Location => file.Path;

    private HeadWitness Witness => new(logId, Interlocked.Read(ref sumOfHeads));

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
            SqliteMigration.Run(writer, file.Path);
            log = new SqliteMessageLog(file, writer, options);
            var messages = log.ReadRooms();
            log.CheckWitness(options.AcceptDataLoss);
            log.watch = new SqliteFileWatch(file.Path);
            log.readers = SqliteReaders.Open(file);
            SqliteFileMetrics.Watch(options.Metrics.Meter, file.Path);
            log.Start(messages);
            log.witness.Start(log.Witness);
            return log;
        }
        catch (Exception error)
        {
            if (writer is not null)
            {
                // What is refused is left as it is, the write-ahead log too.
                raw.sqlite3_db_config(writer.Handle, NoCheckpointOnClose, 1, out _);
            }

            log?.CloseWriter();
            writer?.Dispose();
            file.Dispose();
            if (error is SqliteException or IOException or UnauthorizedAccessException)
            {
                throw SqliteErrors.CannotOpen(file.Path, error);
            }

            throw;
        }
    }

    public override async ValueTask<bool> ReadAsync(
        string room,
        long after,
        long through,
        IMessageSink sink,
        CancellationToken cancellation)
    {
        if (!Rooms.TryGetValue(room, out var state) || after >= (through = Math.Min(through, state.Head)))
        {
            return true;
        }

        if (after + 1 < state.Oldest)
        {
            return false;
        }

        using var taken = await readers!.TakeAsync(cancellation);
        try
        {
            return taken.Reader.Read(state, after, through, sink);
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

    public override Task<ErasureSummary> EraseAsync(
        MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation) =>
        erasure.RunAsync(messages, progress, cancellation);

    protected override void BeginBatch() => begin.Run();

    protected override bool TryFindStored(RoomState room, Append append, out long id, out UInt128 contentHash)
    {
        try
        {
            return rows.TryFind(room, append, out id, out contentHash);
        }
        catch (LogDamagedException damage)
        {
            OnWriterFound(room, damage);
            throw;
        }
    }

    protected override void Remove(RoomState room, long through)
    {
        try
        {
            rows.Trim(room, through);
        }
        catch (LogDamagedException damage)
        {
            OnWriterFound(room, damage);
            throw;
        }
        catch (SqliteException error) when (SqliteErrors.CannotRead($"room {room.Name}", error) is LogDamagedException damage)
        {
            OnWriterFound(room, damage);
            throw damage;
        }
    }

    protected override RoomState CreateRoom(string name) => rows.AddRoom(name);

    protected override void Insert(RoomState room, long id, Append append, DateTimeOffset sentAt) =>
        rows.Add(room, id, append, sentAt);

    protected override void CommitBatch(IReadOnlyList<RoomState> touched)
    {
        var added = 0L;
        foreach (var room in touched)
        {
            rows.SetHead(room);
            added += room.LastAssignedId - room.Head;
        }

        commit.Run();

        // After the commit: what follows is an ack of what is in these files.
        watch!.EnsureInPlace();
        Interlocked.Add(ref sumOfHeads, added);
        rows.Commit();
    }

    protected override void RollbackBatch()
    {
        rows.Rollback();

        // After some errors, such as a full disk, SQLite has already ended the transaction.
        if (raw.sqlite3_get_autocommit(writer.Handle) == 0)
        {
            rollback.Run();
        }
    }

    // If the disk is full or another process holds the lock, SQLite undoes the batch. After any other error nobody
    // knows what is on the disk: SQLite forgets a failed fsync, for example, and the next commit succeeds.
    protected override bool IsCertainlyNotStored(Exception error) =>
        error is SqliteException sqlite
        && (sqlite.SqliteErrorCode == raw.SQLITE_BUSY || SqliteErrors.IsFull(sqlite, writer.Handle!));

    protected override string Describe(Exception error) => SqliteErrors.DescribeWrite(error, writer.Handle);

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

    protected override void OnAnswered()
    {
        if (!erasure.IsWiping)
        {
            checkpoints.AfterBatch();
        }
    }

    protected override bool OnIdle() => !erasure.IsWiping && checkpoints.WhenIdle();

    protected override async ValueTask CloseAsync()
    {
        await readers!.DisposeAsync();
        await witness.DisposeAsync();
        CloseWriter();
    }

    private void OnWriterFound(RoomState room, LogDamagedException damage)
    {
        OnDamaged(room, damage);
        readProbe.OnDamaged(damage);
    }

    // Methods of their own, so that a read that succeeds allocates nothing for these.
    private void OnReadFailed(Exception error, RoomState room, long after, long through)
    {
        if (error is LogDamagedException damage)
        {
            OnDamaged(room, damage);
        }

        OnFailed(error, reader => reader.Read(room, after, through, EverySink.Instance));
    }

    private void OnListFailed(Exception error, string after, int count) =>
        OnFailed(error, reader => reader.ListRooms(after, count));

    private void OnFailed(Exception error, Action<SqliteLogReader> again)
    {
        readProbe.OnFailed(error, again);
        OnReadFailed();
    }

    private void CloseWriter()
    {
        foreach (var statement in (SqliteStatement[])[begin, commit, rollback, touch])
        {
            statement.Dispose();
        }

        rows.Dispose();
        erasure.Dispose();
        writer.Dispose();
        file.Dispose();
    }

    // A log with another id has lost nothing: its clients read everything again, and are told so.
    private void CheckWitness(bool acceptDataLoss)
    {
        try
        {
            HeadWitness.Check(file.Path, Witness);
        }
        catch (LogOpenException) when (acceptDataLoss)
        {
            logId = IMessageLog.NewId();
            using var update = new SqliteStatement(writer, "UPDATE log SET log_id = ?");
            update.Bind(1, logId).Run();
            Witness.Write(file.Path);
        }
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
        var messages = 0L;
        foreach (var room in rows.ReadRooms(file.Path))
        {
            Rooms[room.Name] = room;
            sumOfHeads += room.Head;
            messages += room.Head - room.Oldest + 1;
        }

        return messages;
    }
}
