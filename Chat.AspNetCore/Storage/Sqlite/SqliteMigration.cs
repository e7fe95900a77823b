using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Brings a log of an older version to <see cref="SqliteSchema.Version"/>, in one transaction. From version 1, that needs as
/// much free space beside the database as the database takes.
/// </summary>
internal static class SqliteMigration
{
    private const int WithoutChecksums = 1;
    private const int WithoutErased = 2;

    /// <summary>Does nothing if the log is up to date.</summary>
    public static void Run(SqliteConnection writer, string path)
    {
        var version = SqliteLogFile.ReadNumber(writer, "PRAGMA user_version");
        if (version is not (WithoutChecksums or WithoutErased))
        {
            return;
        }

        SqliteLogFile.Execute(writer, "BEGIN IMMEDIATE");
        if (version == WithoutChecksums)
        {
            AddChecksums(writer);
        }

        ClearFreePages(writer);
        SqliteLogFile.Execute(writer, $"""
            ALTER TABLE message ADD COLUMN erased INTEGER;
            PRAGMA user_version = {SqliteSchema.Version};
            """);

        if (version == WithoutChecksums)
        {
            // Before the commit: a log of this version that has no witness is refused.
            new HeadWitness(
                ReadText(writer, "SELECT log_id FROM log"), SqliteLogFile.ReadNumber(writer, "SELECT coalesce(sum(head), 0) FROM room"))
                .Write(path);
        }

        SqliteLogFile.Execute(writer, "COMMIT");
    }

    private static void AddChecksums(SqliteConnection writer)
    {
        RowChecksum.AddFunctions(writer);
        SqliteLogFile.Execute(writer, """
            ALTER TABLE message ADD COLUMN checksum INTEGER;
            ALTER TABLE room ADD COLUMN checksum INTEGER;
            ALTER TABLE sent_key ADD COLUMN checksum INTEGER;
            UPDATE message SET checksum = message_checksum(
                position,
                CAST((SELECT name FROM sender WHERE sender.sender_id = message.sender_id) AS BLOB),
                sent_at,
                CAST(client_offset AS BLOB),
                CAST(text AS BLOB),
                NULL);
            UPDATE room SET checksum = room_checksum(room_id, CAST(name AS BLOB), oldest, head);
            UPDATE sent_key SET checksum = client_offset_checksum(
                room_id, sender_id, CAST(client_offset AS BLOB), id, content_hash);
            """);
    }

    // Since version 3, a page that is freed is filled with zeros (see SqliteLogFile.Connect). Those that were freed before are
    // used once more, which frees them that way: an erased text must not be on any of them.
    private static void ClearFreePages(SqliteConnection writer)
    {
        const int PagesPerRow = 100;
        var free = SqliteLogFile.ReadNumber(writer, "PRAGMA freelist_count");
        if (free > 0)
        {
            SqliteLogFile.Execute(writer, $"""
                CREATE TABLE free_pages (content BLOB);
                WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {free / PagesPerRow})
                INSERT INTO free_pages
                    SELECT zeroblob({PagesPerRow} * {SqliteLogFile.ReadNumber(writer, "PRAGMA page_size")}) FROM n;
                DROP TABLE free_pages;
                """);
        }
    }

    private static string ReadText(SqliteConnection connection, string sql)
    {
        using var statement = new SqliteStatement(connection, sql);
        return statement.Step() ? statement.Text(0) : "";
    }
}
