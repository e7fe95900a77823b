using GrpcChat.AspNetCore.Storage.GroupCommit;
using GrpcChat.AspNetCore.Storage.Maintenance;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>Fills a new log with rows, some thousand in each transaction.</summary>
internal sealed class LogBuilder : ILogBuilder
{
    private const int RowsPerTransaction = 10_000;

    private readonly NewLogFile file;
    private readonly SqliteRowWriter rows;
    private readonly SqliteStatement begin, commit;
    private long lastRoomId;
    private int rowsInTransaction;

    private LogBuilder(NewLogFile file, string logId)
    {
        this.file = file;
        SqliteLogFile.CreateTables(file.Connection, logId);
        rows = new SqliteRowWriter(file.Connection);
        begin = new SqliteStatement(file.Connection, "BEGIN");
        commit = new SqliteStatement(file.Connection, "COMMIT");
        begin.Run();
    }

    public static LogBuilder Create(NewLogFile file, string logId) => new(file, logId);

    public long NewRoomId() => ++lastRoomId;

    public void AddRoom(long roomId, string name, long oldest, long head)
    {
        if (head > SqliteSchema.MaxId)
        {
            throw new FormatException($"room {name} has messages up to {head}, but a log in a file has at most {SqliteSchema.MaxId}");
        }

        rows.InsertRoom(new RoomState(roomId, name, oldest, head));
        CountRow();
    }

    public bool TryAddMessage(
        long roomId, long id, string sender, long sentAt, string clientOffset, ReadOnlySpan<byte> text, bool isErased = false)
    {
        if (!TryAddOffset(roomId, id, sender, clientOffset, isErased ? Append.ErasedHash : Append.HashOf(text)))
        {
            return false;
        }

        rows.InsertMessage(roomId, id, sender, sentAt, clientOffset, text, isErased);
        return true;
    }

    public bool TryAddOffset(long roomId, long id, string sender, string clientOffset, UInt128 contentHash)
    {
        try
        {
            rows.InsertOffset(roomId, id, sender, clientOffset, contentHash);
        }
        catch (SqliteException error) when (error.SqliteErrorCode == raw.SQLITE_CONSTRAINT)
        {
            return false;
        }

        CountRow();
        return true;
    }

    public LogSummary Complete(Work work)
    {
        commit.Run();
        rows.Commit();
        DisposeStatements();
        return file.Complete(work);
    }

    public void Dispose() => DisposeStatements();

    private void DisposeStatements()
    {
        rows.Dispose();
        begin.Dispose();
        commit.Dispose();
    }

    private void CountRow()
    {
        if (++rowsInTransaction == RowsPerTransaction)
        {
            commit.Run();
            rows.Commit();
            begin.Run();
            rowsInTransaction = 0;
        }
    }
}
