using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>Removes old messages. Their client offsets stay, and so does the head of their room.</summary>
internal sealed class PostgresTrim(PostgresServer server, LogOptions options)
{
    private const string LockRoom = "SELECT FROM grpcchat.room WHERE name = $1 FOR UPDATE";

    // No row where the room does not exist. Nothing is removed where a message is missing.
    private const string Trim = """
        WITH target AS (
            SELECT room_id, oldest_id, last_id, LEAST($2, last_id, oldest_id + $3 - 1) AS through FROM grpcchat.room WHERE name = $1
        ), found AS (
            SELECT t.*, (
                SELECT count(*) FROM grpcchat.message m WHERE m.room_id = t.room_id AND m.id BETWEEN t.oldest_id AND t.through) AS kept
            FROM target t
        ), due AS (
            SELECT * FROM found WHERE through >= oldest_id AND kept = through - oldest_id + 1
        ), removed AS (
            DELETE FROM grpcchat.message m USING due d WHERE m.room_id = d.room_id AND m.id BETWEEN d.oldest_id AND d.through
        ), moved AS (
            UPDATE grpcchat.room r SET oldest_id = d.through + 1 FROM due d WHERE r.room_id = d.room_id
        )
        SELECT oldest_id, last_id, through, kept FROM found
        """;

    private readonly PostgresTransactions transactions = new(server, options);

    /// <summary>Removes the oldest messages of a room up to an id, but not more than a step may.</summary>
    /// <returns>How many it has removed, and what the room has now.</returns>
    /// <exception cref="LogDamagedException">One of the messages is missing.</exception>
    public async Task<(long Removed, RoomBounds Bounds)> StepAsync(string room, long through) =>
        await transactions.RunAsync([], connection => RunAsync(connection, room, through), static step => step.Removed > 0);

    private static async Task<(long Removed, RoomBounds Bounds)> RunAsync(NpgsqlConnection connection, string room, long through)
    {
        await using var commands = new NpgsqlBatch(connection) { Timeout = 0 };
        commands.BatchCommands.Add(Sql.Command(LockRoom, room));
        commands.BatchCommands.Add(Sql.Command(Trim, room, through, (long)LogLimits.MaxTrimmedRows));
        await using var reader = await commands.ExecuteReaderAsync(CancellationToken.None);
        await reader.NextResultAsync();
        if (!await reader.ReadAsync())
        {
            return (0, RoomBounds.Empty);
        }

        var (oldest, head, last, kept) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        while (await reader.NextResultAsync())
        {
        }

        var removed = Math.Max(0, last - oldest + 1);
        return removed == 0 || kept == removed
            ? (removed, new RoomBounds(oldest + removed, head))
            : throw new LogDamagedException($"room {room}: of the messages {oldest} to {last}, only {kept} are there");
    }
}
