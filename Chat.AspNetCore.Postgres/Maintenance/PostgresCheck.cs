using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Maintenance;
using GrpcChat.V1;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres.Maintenance;

/// <summary>
/// Reads everything in a log, and finds what should not be there, and what should be and is not. The server does the reading. Whether
/// its files are intact is for its own tools.
/// </summary>
internal static class PostgresCheck
{
    // Each row of these is a problem, for people.
    private static readonly string[] Questions =
    [
        "SELECT 'the log id is not 32 hexadecimal digits' FROM grpcchat.log_meta WHERE log_id !~ '^[0-9a-f]{32}$'",
        """
        SELECT format('the log counts %s rooms, but has %s', rooms, n)
        FROM grpcchat.log_meta, (SELECT count(*) AS n FROM grpcchat.room) AS counted WHERE rooms <> n
        """,
        """
        SELECT format('room %s: the oldest message is %s and the newest %s', name, oldest_id, last_id)
        FROM grpcchat.room WHERE oldest_id < 1 OR last_id < oldest_id - 1 ORDER BY name
        """,
        """
        SELECT CASE WHEN room_id IS NULL
            THEN format('message %s belongs to room %s, which does not exist', m.id, m.room)
            ELSE format('room %s: message %s is outside the room''s %s to %s', name, m.id, oldest_id, last_id) END
        FROM (SELECT room_id AS room, id FROM grpcchat.message) AS m LEFT JOIN grpcchat.room r ON r.room_id = m.room
        WHERE room_id IS NULL OR m.id NOT BETWEEN oldest_id AND last_id ORDER BY m.room, m.id
        """,
        """
        SELECT CASE WHEN id = previous + 2
            THEN format('room %s: message %s is missing', name, id - 1)
            ELSE format('room %s: messages %s to %s are missing', name, previous + 1, id - 1) END
        FROM (
            SELECT r.name, m.id, lag(m.id, 1, r.oldest_id - 1) OVER (PARTITION BY r.room_id ORDER BY m.id) AS previous
            FROM grpcchat.room r CROSS JOIN LATERAL (
                SELECT id FROM grpcchat.message WHERE room_id = r.room_id AND id BETWEEN r.oldest_id AND r.last_id
                UNION ALL SELECT r.last_id + 1) AS m
        ) AS neighbours
        WHERE id > previous + 1 ORDER BY name, id
        """,
        """
        SELECT format('room %s: message %s: %s', r.name, m.id, CASE
            WHEN NOT EXISTS (SELECT FROM grpcchat.sender s WHERE s.sender_id = m.sender_id) THEN 'its sender does not exist'
            WHEN k.id IS NULL THEN 'its client offset is not remembered'
            WHEN k.id <> m.id THEN format('its client offset is remembered for message %s', k.id)
            WHEN m.erased AND m.text <> '' THEN 'it is erased, but has a text'
            WHEN m.erased THEN 'it is erased, but a hash of its text is kept'
            WHEN m.text = '' THEN 'the text is empty'
            ELSE 'its text is not the one that was stored' END)
        FROM grpcchat.message m JOIN grpcchat.room r USING (room_id)
        LEFT JOIN grpcchat.sent_key k
            ON k.room_id = m.room_id AND k.sender_id = m.sender_id AND k.client_offset = m.client_offset
        WHERE k.id IS DISTINCT FROM m.id OR (m.text = '') <> m.erased
            OR k.content_hash <> CASE WHEN m.erased
                THEN decode(repeat('00', 16), 'hex')
                ELSE substring(sha256(convert_to(m.text, 'UTF8')) FROM 1 FOR 16) END
            OR NOT EXISTS (SELECT FROM grpcchat.sender s WHERE s.sender_id = m.sender_id)
        ORDER BY r.name, m.id
        """,
        """
        SELECT format('client offset ''%s'' of sender ''%s'': %s', k.client_offset, s.name, CASE
            WHEN r.room_id IS NULL THEN format('its room %s does not exist', k.room_id)
            WHEN s.sender_id IS NULL THEN format('its sender does not exist (room %s, message %s)', r.name, k.id)
            WHEN octet_length(k.content_hash) <> 16 THEN
                format('its hash has %s bytes (room %s, message %s)', octet_length(k.content_hash), r.name, k.id)
            WHEN k.id NOT BETWEEN 1 AND r.last_id THEN
                format('it is remembered for message %s of room %s, whose newest is %s', k.id, r.name, r.last_id)
            ELSE format('it is remembered for message %s of room %s, which has another', k.id, r.name) END)
        FROM grpcchat.sent_key k
        LEFT JOIN grpcchat.room r ON r.room_id = k.room_id
        LEFT JOIN grpcchat.sender s ON s.sender_id = k.sender_id
        LEFT JOIN grpcchat.message m ON m.room_id = k.room_id AND m.id = k.id
        WHERE r.room_id IS NULL OR s.sender_id IS NULL OR octet_length(k.content_hash) <> 16 OR k.id NOT BETWEEN 1 AND r.last_id
            OR m.sender_id <> k.sender_id OR m.client_offset <> k.client_offset
        ORDER BY r.name, k.id
        """,
    ];

    /// <summary>Checks the log that the open transaction of a connection sees.</summary>
    /// <returns>What was found in it.</returns>
    public static LogSummary Run(NpgsqlConnection connection, Action<string> onProblem, Work work)
    {
        for (var i = 0; i < Questions.Length; i++)
        {
            work.Report((double)i / Questions.Length);
            Read(connection, Questions[i], row => onProblem(Printable(row.GetString(0))));
        }

        Read(connection, "SELECT name FROM grpcchat.room ORDER BY name", row => CheckName("room", row, Names.IsRoom));
        Read(connection, "SELECT name FROM grpcchat.sender ORDER BY name", row => CheckName("sender", row, Names.IsSender));
        LogSummary? summary = null;
        Read(
            connection,
            """
            SELECT log_id, (SELECT count(*) FROM grpcchat.room), (SELECT count(*) FROM grpcchat.message),
                (SELECT count(*) FROM grpcchat.sent_key)
            FROM grpcchat.log_meta
            """,
            row => summary = new LogSummary(row.GetString(0), (int)row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)));
        work.Report(1);
        return summary!;

        void CheckName(string what, NpgsqlDataReader row, Func<string, bool> isValid)
        {
            if (!isValid(row.GetString(0)))
            {
                onProblem($"the name of {what} '{Printable(row.GetString(0))}' is not valid");
            }
        }
    }

    private static string Printable(string line) =>
        string.Concat(line.Select(character => char.IsControl(character) ? '\uFFFD' : character));

    private static void Read(NpgsqlConnection connection, string sql, Action<NpgsqlDataReader> take)
    {
#pragma warning disable CA2100 // The SQL is a constant of this class.
        using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            take(reader);
        }
    }
}
