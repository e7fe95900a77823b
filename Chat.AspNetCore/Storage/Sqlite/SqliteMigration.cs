using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Brings a log of an older version to <see cref="SqliteSchema.Version"/>, in one transaction. It needs as much free space
/// beside the database as the database takes.
/// </summary>
internal static class SqliteMigration
{
    private const int WithoutChecksums = 1;

    /// <summary>Does nothing if the log is up to date.</summary>
    public static void Run(SqliteConnection writer, string path)
    {
        if (SqliteLogFile.ReadNumber(writer, "PRAGMA user_version") != WithoutChecksums)
        {
            return;
        }

        RowChecksum.AddFunctions(writer);
        SqliteLogFile.Execute(writer, $"""
            BEGIN IMMEDIATE;
            ALTER TABLE message ADD COLUMN checksum INTEGER;
            ALTER TABLE room ADD COLUMN checksum INTEGER;
            ALTER TABLE sent_key ADD COLUMN checksum INTEGER;
            UPDATE message SET checksum = message_checksum(
                position,
                CAST((SELECT name FROM sender WHERE sender.sender_id = message.sender_id) AS BLOB),
                sent_at,
                CAST(client_offset AS BLOB),
                CAST(text AS BLOB));
            UPDATE room SET checksum = room_checksum(room_id, CAST(name AS BLOB), oldest, head);
            UPDATE sent_key SET checksum = client_offset_checksum(
                room_id, sender_id, CAST(client_offset AS BLOB), id, content_hash);
            PRAGMA user_version = {SqliteSchema.Version};
            """);

        // Before the commit: a log of this version that has no witness is refused.
        new HeadWitness(ReadText(writer, "SELECT log_id FROM log"), SqliteLogFile.ReadNumber(writer, "SELECT coalesce(sum(head), 0) FROM room"))
            .Write(path);
        SqliteLogFile.Execute(writer, "COMMIT");
    }

    private static string ReadText(SqliteConnection connection, string sql)
    {
        using var statement = new SqliteStatement(connection, sql);
        return statement.Step() ? statement.Text(0) : "";
    }
}
