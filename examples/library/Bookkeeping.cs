using GrpcChat.Client;
using Microsoft.Data.Sqlite;

namespace GrpcChat.Examples.Library;

/// <summary>Records messages in a table of the application.</summary>
public static class Bookkeeping
{
    /// <summary>Happens exactly once for each message, because it is committed together with the position in the room.</summary>
    public static void Note(ChatMessage message, SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            CREATE TABLE IF NOT EXISTS shipment (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
            INSERT INTO shipment VALUES ($id, $text);
            """;
        command.Parameters.AddWithValue("$id", message.Id);
        command.Parameters.AddWithValue("$text", message.Text);
        command.ExecuteNonQuery();
    }
}
