using System.Globalization;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.Client.Tests.Worker;
using Microsoft.Data.Sqlite;

// send  address state room count pause keys enqueues the numbers 1 to count, all of them in each life
// send  address state room count pause PATH the same, starting after the last number noted in this file
// apply address state room count pause      commits an effect for each message, up to this id
//                                           both wait to be killed after the number or id "pause"; 0 to not wait
// open  address state                       opens and closes the state file
// look  state                               reads the state file as any other SQLite program would
var count = args.Length > 4 ? int.Parse(args[4], CultureInfo.InvariantCulture) : 0;
var pause = args.Length > 5 ? int.Parse(args[5], CultureInfo.InvariantCulture) : 0;
try
{
    switch (args[0])
    {
        case "send":
            await Sender.RunAsync(args[1], args[2], args[3], count, pause, notes: args[6] == "keys" ? null : args[6]);
            break;
        case "apply":
            await Applier.RunAsync(args[1], args[2], args[3], count, pause);
            break;
        case "open":
            await using (ChatClient.Open(new() { Addresses = [args[1]], StateStore = new SqliteStateStore(args[2]), User = "worker" }))
            {
                Console.WriteLine("open");
            }

            break;
        case "look":
            using (var connection = new SqliteConnection($"Data Source={args[1]};Pooling=False"))
            {
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = "SELECT COUNT(*) FROM chat_outbox";
                Console.WriteLine(command.ExecuteScalar());
            }

            break;
    }

    return 0;
}
catch (ChatStateException error)
{
    Console.WriteLine(error.Message);
    return 1;
}
