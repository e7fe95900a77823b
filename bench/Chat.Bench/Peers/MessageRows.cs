using Microsoft.Data.Sqlite;

namespace Chat.Bench.Peers;

/// <summary>The table of the tutorial and of the SignalR peer, filled before they start.</summary>
internal static class MessageRows
{
    /// <summary>Writes so many messages into a new database, in one transaction.</summary>
    public static void Fill(string database, int count)
    {
        // Not pooled: the file is the peer's from here on.
        var file = new SqliteConnectionStringBuilder { DataSource = database, Pooling = false };
        using var connection = new SqliteConnection(file.ToString());
        connection.Open();
        using var fill = connection.CreateCommand();
        fill.CommandText = """
            CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, client_offset TEXT UNIQUE, content TEXT);
            WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < $count)
            INSERT INTO messages (client_offset, content) SELECT printf('stored-%09d', n), $text FROM numbers;
            """;
        fill.Parameters.AddWithValue("$count", count);
        fill.Parameters.AddWithValue("$text", BenchText.Of(0));
        fill.ExecuteNonQuery();
    }
}
