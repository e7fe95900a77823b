using System.Data;
using System.Globalization;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Maintenance;
using Npgsql;
using NpgsqlTypes;

namespace GrpcChat.AspNetCore.Postgres.Maintenance;

/// <summary>Fills a database without messages, in one transaction, some thousand rows with each COPY.</summary>
internal sealed class PostgresLogBuilder : ILogBuilder
{
    private const int RowsPerCopy = 10_000;
    private const int BytesPerCopy = 16 * 1024 * 1024;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(3);

    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;
    private readonly Dictionary<string, long> senders = [];
    private readonly List<(long SenderId, string Name)> newSenders = [];
    private readonly List<(long RoomId, string Name, long Oldest, long Head)> rooms = [];
    private readonly List<Row> messages = [];
    private readonly List<Key> offsets = [];
    private string logId = "";
    private long lastRoomId, bytes;

    private PostgresLogBuilder(NpgsqlConnection connection)
    {
        this.connection = connection;
        transaction = connection.BeginTransaction(IsolationLevel.ReadCommitted);
    }

    /// <summary>Creates the tables where there are none, and keeps everybody else from writing.</summary>
    /// <exception cref="LogOpenException">The database cannot be used.</exception>
    /// <exception cref="LogMaintenanceException">There is a log already, or nodes are running.</exception>
    public static PostgresLogBuilder Open(string connectionString)
    {
        var connection = PostgresServer.Connect(connectionString, createsTables: true);
        try
        {
            var log = new PostgresLogBuilder(connection);
            log.EnsureFree();
            return log;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Begins the log.</summary>
    public ILogBuilder Begin(string id)
    {
        logId = id;
        return this;
    }

    public long NewRoomId() => ++lastRoomId;

    public void AddRoom(long roomId, string name, long oldest, long head)
    {
        rooms.Add((roomId, name, oldest, head));
        FlushIfFull(0);
    }

    public bool TryAddMessage(
        long roomId, long id, string sender, long sentAt, string clientOffset, ReadOnlySpan<byte> text, bool isErased = false)
    {
        messages.Add(new Row(roomId, id, IdOf(sender), sentAt, clientOffset, text.ToArray(), isErased));
        return TryAddOffset(roomId, id, sender, clientOffset, isErased ? Append.ErasedHash : Append.HashOf(text));
    }

    public bool TryAddOffset(long roomId, long id, string sender, string clientOffset, UInt128 contentHash)
    {
        offsets.Add(new Key(roomId, IdOf(sender), clientOffset, id, contentHash));
        FlushIfFull(messages.Count > 0 ? messages[^1].Text.Length : 0);
        return true;
    }

    public LogSummary Complete(Work work)
    {
        Flush();
        using (var command = new NpgsqlCommand("UPDATE grpcchat.log_meta SET log_id = $1, rooms = $2", connection))
        {
            command.Parameters.Add(Sql.ToParameter(logId));
            command.Parameters.Add(Sql.ToParameter(lastRoomId));
            command.ExecuteNonQuery();
        }

        Execute($"SELECT setval(pg_get_serial_sequence('grpcchat.room', 'room_id'), {Text(lastRoomId + 1)}, false)");
        Execute($"SELECT setval(pg_get_serial_sequence('grpcchat.sender', 'sender_id'), {Text(senders.Count + 1)}, false)");
        Execute("ANALYZE grpcchat.room, grpcchat.sender, grpcchat.message, grpcchat.sent_key");
        var (problems, first) = (0, "");
        var summary = PostgresCheck.Run(connection, problem => first = problems++ == 0 ? problem : first, work);
        if (problems > 0)
        {
            throw new LogMaintenanceException($"it would be damaged: {first}; check the source with 'check'");
        }

        transaction.Commit();
        return summary;
    }

    public void Dispose()
    {
        transaction.Dispose();
        connection.Dispose();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private void EnsureFree()
    {
        // A node that starts reads the log id: it waits for the new one.
        Execute("LOCK TABLE grpcchat.log_meta IN ACCESS EXCLUSIVE MODE");
        Execute("LOCK TABLE grpcchat.room, grpcchat.sender, grpcchat.message, grpcchat.sent_key IN EXCLUSIVE MODE");
        if (Execute("SELECT 1 FROM grpcchat.room LIMIT 1") is not null)
        {
            throw new LogMaintenanceException("it has a log with messages already, which is not replaced; name an empty database");
        }

        EnsureNoNodes();

        // Of senders whose messages were all refused.
        Execute("DELETE FROM grpcchat.sender");
    }

    // They would go on with the log id of before. The connections of one that has just ended may be there for a moment.
    private void EnsureNoNodes()
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; Thread.Sleep(100))
        {
            Execute("SELECT pg_stat_clear_snapshot()");
            var nodes = (long)Execute(
                "SELECT count(*) FROM pg_stat_activity "
                + $"WHERE datname = current_database() AND application_name = '{PostgresSettings.NodeName}'")!;
            if (nodes == 0)
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(began) > LongestWait)
            {
                throw new LogMaintenanceException($"services are connected to it ({nodes} connections); stop them first");
            }
        }
    }

    private long IdOf(string sender)
    {
        if (!senders.TryGetValue(sender, out var id))
        {
            id = senders.Count + 1;
            senders.Add(sender, id);
            newSenders.Add((id, sender));
        }

        return id;
    }

    private void FlushIfFull(int added)
    {
        bytes += added;
        if (rooms.Count + offsets.Count >= RowsPerCopy || bytes >= BytesPerCopy)
        {
            Flush();
        }
    }

    private void Flush()
    {
        try
        {
            Copy("room (room_id, name, oldest_id, last_id)", rooms, static (copy, room) =>
            {
                copy.Write(room.RoomId, NpgsqlDbType.Bigint);
                copy.Write(room.Name, NpgsqlDbType.Text);
                copy.Write(room.Oldest, NpgsqlDbType.Bigint);
                copy.Write(room.Head, NpgsqlDbType.Bigint);
            });
            Copy("sender (sender_id, name)", newSenders, static (copy, sender) =>
            {
                copy.Write(sender.SenderId, NpgsqlDbType.Bigint);
                copy.Write(sender.Name, NpgsqlDbType.Text);
            });
            Copy("message (room_id, id, sender_id, sent_at, client_offset, text, erased)", messages, static (copy, row) =>
            {
                copy.Write(row.RoomId, NpgsqlDbType.Bigint);
                copy.Write(row.Id, NpgsqlDbType.Bigint);
                copy.Write(row.SenderId, NpgsqlDbType.Bigint);
                copy.Write(row.SentAt, NpgsqlDbType.Bigint);
                copy.Write(row.ClientOffset, NpgsqlDbType.Text);
                copy.Write(row.Text, NpgsqlDbType.Text);
                copy.Write(row.IsErased, NpgsqlDbType.Boolean);
            });
            Copy("sent_key (room_id, sender_id, client_offset, id, content_hash)", offsets, static (copy, key) =>
            {
                copy.Write(key.RoomId, NpgsqlDbType.Bigint);
                copy.Write(key.SenderId, NpgsqlDbType.Bigint);
                copy.Write(key.ClientOffset, NpgsqlDbType.Text);
                copy.Write(key.Id, NpgsqlDbType.Bigint);
                copy.Write(Sql.ToBytes(key.ContentHash), NpgsqlDbType.Bytea);
            });
            bytes = 0;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new LogMaintenanceException($"a client offset comes a second time: {error.Detail}", error);
        }
    }

    private void Copy<T>(string columns, List<T> rows, Action<NpgsqlBinaryImporter, T> write)
    {
        if (rows.Count == 0)
        {
            return;
        }

        using var copy = connection.BeginBinaryImport($"COPY grpcchat.{columns} FROM STDIN (FORMAT BINARY)");
        foreach (var row in rows)
        {
            copy.StartRow();
            write(copy, row);
        }

        copy.Complete();
        rows.Clear();
    }

    private object? Execute(string sql)
    {
#pragma warning disable CA2100 // The SQL is a constant of this class.
        using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    private readonly record struct Row(
        long RoomId, long Id, long SenderId, long SentAt, string ClientOffset, byte[] Text, bool IsErased);

    private readonly record struct Key(long RoomId, long SenderId, string ClientOffset, long Id, UInt128 ContentHash);
}
