using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.GroupCommit;
using GrpcChat.AspNetCore.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace GrpcChat.Bench.Peers;

/// <summary>
/// Fills a new log without the service: this takes seconds where sending the messages would take minutes. Rows are
/// inserted in the order of their primary keys, the only order that stays fast once the tables outgrow the cache.
/// </summary>
internal static class GrpcChatFill
{
    private const int Senders = 8;
    private const int HashBytes = 16;
    private const string SenderPrefix = "filled-";

    /// <summary>
    /// A fixed number of digits in each client offset, so that their byte order is their numeric order.
    /// </summary>
    private const int OffsetDigits = 9;

    /// <summary>
    /// Creates a log in <paramref name="directory"/>, with the messages spread evenly over the rooms. They are on disk
    /// when it returns.
    /// </summary>
    public static void Run(string directory, long messages, IReadOnlyList<string> rooms)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rooms.Count);
        using var file = SqliteLogFile.Open(directory, TimeSpan.FromSeconds(5));
        using (var connection = file.OpenWriter())
        {
            // Durability does not matter here: the directory of an interrupted fill is deleted.
            SqliteLogFile.Execute(connection, """
                PRAGMA journal_mode = OFF;
                PRAGMA synchronous = OFF;
                PRAGMA cache_size = -65536;
                BEGIN;
                """);
            RowChecksum.AddFunctions(connection);
            Insert(connection, messages, rooms);
            SqliteLogFile.Execute(connection, """
                COMMIT;
                PRAGMA synchronous = FULL;
                PRAGMA journal_mode = WAL;
                PRAGMA wal_checkpoint(TRUNCATE);
                """);
        }

        // Otherwise the system would write the file during the measurement.
        using var written = File.OpenHandle(file.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(written);
    }

    private static void Insert(SqliteConnection connection, long messages, IReadOnlyList<string> rooms)
    {
        var text = BenchText.Of(0);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, HashBytes);
        var clients = Enumerable.Range(0, Senders).Select(_ => Guid.NewGuid().ToString("N")).ToList();
        using var insertSender = new SqliteStatement(connection, "INSERT INTO sender (sender_id, name) VALUES (?, ?)");
        using var insertRoom = new SqliteStatement(
            connection,
            "INSERT INTO room (room_id, name, oldest, head, checksum) "
            + "VALUES (?1, ?2, 1, ?3, room_checksum(?1, CAST(?2 AS BLOB), 1, ?3))");
        using var insertMessages = new SqliteStatement(connection, MessagesSql(clients));
        using var insertOffsets = new SqliteStatement(connection, OffsetsSql);
        for (var sender = 0; sender < Senders; sender++)
        {
            insertSender.Bind(1, SenderId(sender)).Bind(2, $"{SenderPrefix}{sender}").Run();
        }

        var sentAt = LogTime.ToMicroseconds(DateTimeOffset.UtcNow) - messages;
        for (var room = 0; room < rooms.Count; room++)
        {
            var head = (messages / rooms.Count) + (room < messages % rooms.Count ? 1 : 0);
            if (head == 0)
            {
                break; // A room without messages does not exist.
            }

            var state = new RoomState(room + 1, rooms[room], oldest: 1, head);
            insertRoom.Bind(1, state.RoomId).Bind(2, state.Name).Bind(3, head).Run();
            insertMessages
                .Bind(1, head)
                .Bind(2, SqliteSchema.PositionOf(state.RoomId, 0))
                .Bind(3, sentAt + room)
                .Bind(4, rooms.Count)
                .Bind(5, text)
                .Run();
            for (var sender = 0; sender < Math.Min(Senders, head); sender++)
            {
                insertOffsets
                    .Bind(1, head)
                    .Bind(2, state.RoomId)
                    .Bind(3, SenderId(sender))
                    .Bind(4, clients[sender])
                    .BindBlob(5, hash)
                    .Run();
            }
        }
    }

    private static int SenderId(int sender) => sender + 1;

    // Message n of a room (from 1) is from sender (n - 1) mod 8; n is also the number in its client offset.
    private static string MessagesSql(IReadOnlyList<string> clients) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1),
        rows (position, sender_id, sent_at, client_offset) AS (
            SELECT ?2 + n, (n - 1) % {Senders} + 1, ?3 + (n - 1) * ?4,
                CASE (n - 1) % {Senders} {string.Concat(clients.Select((client, sender) => $"WHEN {sender} THEN '{client}' "))}END
                    || printf('-%0{OffsetDigits}d', n)
            FROM numbers)
        INSERT INTO message (position, sender_id, sent_at, client_offset, text, checksum)
        SELECT position, sender_id, sent_at, client_offset, ?5, message_checksum(
            position, CAST('{SenderPrefix}' || (sender_id - 1) AS BLOB), sent_at, CAST(client_offset AS BLOB), CAST(?5 AS BLOB),
            NULL)
        FROM rows
        """);

    private static readonly string OffsetsSql = string.Create(
        CultureInfo.InvariantCulture,
        $"""
        WITH RECURSIVE numbers (n) AS (SELECT ?3 UNION ALL SELECT n + {Senders} FROM numbers WHERE n + {Senders} <= ?1),
        rows (client_offset, id) AS (SELECT ?4 || printf('-%0{OffsetDigits}d', n), n FROM numbers)
        INSERT INTO sent_key (room_id, sender_id, client_offset, id, content_hash, checksum)
        SELECT ?2, ?3, client_offset, id, ?5, client_offset_checksum(?2, ?3, CAST(client_offset AS BLOB), id, ?5)
        FROM rows
        """);
}
