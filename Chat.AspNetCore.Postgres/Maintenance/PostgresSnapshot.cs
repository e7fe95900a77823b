using System.Data;
using System.Text;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Maintenance;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres.Maintenance;

/// <summary>A log in one read-only transaction of a connection of its own.</summary>
internal sealed class PostgresSnapshot : ILogSnapshot
{
    private readonly NpgsqlTransaction transaction;

    private PostgresSnapshot(NpgsqlConnection connection)
    {
        Connection = connection;
        transaction = connection.BeginTransaction(IsolationLevel.RepeatableRead);
        LogId = Query("SELECT log_id FROM grpcchat.log_meta", row => row.GetString(0)).Single();
        Rooms = Query(
            "SELECT room_id, name, oldest_id, last_id FROM grpcchat.room ORDER BY name",
            row => new LogRoom(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3))).ToList();
    }

    public NpgsqlConnection Connection { get; }

    public string LogId { get; }

    public IReadOnlyList<LogRoom> Rooms { get; }

    /// <exception cref="LogOpenException">There is no log, or it cannot be read.</exception>
    public static PostgresSnapshot Open(string connectionString)
    {
        var connection = PostgresServer.Connect(connectionString, createsTables: false);
        try
        {
            return new PostgresSnapshot(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public IEnumerable<MessageRecord> ReadMessages(LogRoom room)
    {
        var next = room.Oldest;
        var messages = Query(
            """
            SELECT m.id, s.name, m.sent_at, m.client_offset, m.text, m.erased
            FROM grpcchat.message m LEFT JOIN grpcchat.sender s USING (sender_id)
            WHERE m.room_id = $1 AND m.id BETWEEN $2 AND $3 ORDER BY m.id
            """,
            row => ReadMessage(room, row, next++),
            room.RoomId,
            room.Oldest,
            room.Head);
        foreach (var message in messages)
        {
            yield return message;
        }

        if (next <= room.Head)
        {
            throw new LogDamagedException($"room {room.Name}: message {next} is missing");
        }
    }

    public IEnumerable<ClientOffsetRecord> ReadRetainedOffsets() => Query(
        """
        SELECT r.name, s.name, k.client_offset, k.id, k.content_hash
        FROM grpcchat.sent_key k JOIN grpcchat.sender s USING (sender_id) JOIN grpcchat.room r USING (room_id)
        WHERE k.id < r.oldest_id ORDER BY s.name, k.client_offset, r.name
        """,
        row => new ClientOffsetRecord(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), Convert.ToHexStringLower(row.GetFieldValue<byte[]>(4))));

    public void Dispose()
    {
        transaction.Dispose();
        Connection.Dispose();
    }

    private static MessageRecord ReadMessage(LogRoom room, NpgsqlDataReader row, long expected)
    {
        var id = row.GetInt64(0);
        if (id != expected)
        {
            throw new LogDamagedException($"room {room.Name}: message {expected} is missing");
        }

        var (sender, clientOffset, text) = (row.IsDBNull(1) ? "" : row.GetString(1), row.GetString(3), row.GetString(4));
        var (sentAt, isErased) = (row.GetInt64(2), row.GetBoolean(5));
        return RowForm.FindProblem(
            Encoding.UTF8.GetBytes(sender), sentAt, Encoding.UTF8.GetBytes(clientOffset), Encoding.UTF8.GetBytes(text), isErased)
            is { } problem
                ? throw new LogDamagedException($"room {room.Name}: message {id}: {problem}")
                : new MessageRecord(room.Name, id, sender, LogTime.FromMicroseconds(sentAt), clientOffset, text, isErased);
    }

    private IEnumerable<T> Query<T>(string sql, Func<NpgsqlDataReader, T> convert, params object[] values)
    {
#pragma warning disable CA2100 // The SQL is a constant of this class.
        using var command = new NpgsqlCommand(sql, Connection);
#pragma warning restore CA2100
        foreach (var value in values)
        {
            command.Parameters.Add(Sql.ToParameter(value));
        }

        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return convert(reader);
        }
    }
}
