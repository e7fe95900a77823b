using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using Microsoft.Data.Sqlite;

// Arguments: the address and the state file. Ends with Ctrl-C, or killed at any moment.
var address = args.ElementAtOrDefault(0) ?? "http://127.0.0.1:5000";
var statePath = args.ElementAtOrDefault(1) ?? "shop.db";

await using var client = ChatClient.Open(new ChatClientOptions
{
    Addresses = [address],
    User = "shop",
    StateStore = new SqliteStateStore(statePath),
    CommitMode = CommitMode.Manual,
});
_ = client.JoinAsync("orders");
await client.EnqueueAsync("orders", "Order 4711 has shipped.", clientOffset: "shipped-4711");

await foreach (var happened in client.ReadEventsAsync())
{
    switch (happened)
    {
        case MessageReceived { Message: var message }:
            await client.CommitAsync(message, (connection, transaction) => Note(message, connection, transaction));
            Console.WriteLine($"noted: {message.Text}");
            break;
        case MessageAcked acked:
            Console.WriteLine($"stored: {acked.ClientOffset}");
            break;
        case MessageRefused refused:
            Console.WriteLine($"not stored: {refused.ClientOffset}, because {refused.Description}");
            break;
        case ConnectionChanged { Problem: { } problem }:
            Console.WriteLine(problem.Message);
            break;
    }
}

// Happens exactly once for each message, because it is committed together with the position in the room.
static void Note(ChatMessage message, SqliteConnection connection, SqliteTransaction transaction)
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
