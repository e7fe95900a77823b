using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using Microsoft.Data.Sqlite;

namespace GrpcChat.Client.Tests.Worker;

/// <summary>Commits an effect for each message of a room, in its own table in the state file.</summary>
internal static class Applier
{
    public static async Task RunAsync(string address, string state, string room, int last, int pause)
    {
        await using var client = ChatClient.Open(new()
        {
            Addresses = [address],
            StateStore = new SqliteStateStore(state),
            User = "worker",
            CommitMode = CommitMode.Manual,
        });
        Console.WriteLine("open");
        _ = client.JoinAsync(room);
        await foreach (var happened in client.ReadEventsAsync())
        {
            if (happened is MessageReceived { Message: var message })
            {
                Console.WriteLine($"received {message.Id}");
                await client.CommitAsync(message, (connection, transaction) => Apply(message, connection, transaction));
                Console.WriteLine($"applied {message.Id}");
                if (message.Id == pause)
                {
                    await Task.Delay(Timeout.Infinite);
                }

                if (message.Id == last)
                {
                    break;
                }
            }
        }

        Console.WriteLine("done");
    }

    // Keeps the order and allows duplicates, so that a message that is applied twice or out of order shows.
    private static void Apply(ChatMessage message, SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            CREATE TABLE IF NOT EXISTS effect (place INTEGER PRIMARY KEY, id INTEGER NOT NULL, text TEXT NOT NULL);
            INSERT INTO effect (id, text) VALUES ($id, $text);
            """;
        command.Parameters.AddWithValue("$id", message.Id);
        command.Parameters.AddWithValue("$text", message.Text);
        command.ExecuteNonQuery();
    }
}
