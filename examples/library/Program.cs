using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.Examples.Library;

// dotnet run --project examples/library [address] [state file]; ends with Ctrl-C, or killed at any moment.
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
            await client.CommitAsync(message, (connection, transaction) => Bookkeeping.Note(message, connection, transaction));
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
