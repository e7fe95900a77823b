using System.Globalization;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;

namespace GrpcChat.Client.Tests.Worker;

/// <summary>Enqueues numbered messages, each with a client offset made from its number.</summary>
internal static class Sender
{
    /// <param name="address">The service.</param>
    /// <param name="state">The state file.</param>
    /// <param name="room">Where to.</param>
    /// <param name="count">The last number.</param>
    /// <param name="pause">
    /// The number after which it waits to be killed, so that it leaves work for the next process.
    /// </param>
    /// <param name="notes">
    /// Where it notes each number that is in the outbox. If it is killed in between, the next process enqueues a number
    /// again, with the same client offset. Null to note nothing and start with 1 in each life.
    /// </param>
    public static async Task RunAsync(string address, string state, string room, int count, int pause, string? notes)
    {
        // With so few places, it enqueues no faster than it sends, so each life meets everything that can happen to a
        // message.
        await using var client = ChatClient.Open(new()
        {
            Addresses = [address],
            StateStore = new SqliteStateStore(state),
            User = "worker",
            MaxOutboxMessages = 8,
        });
        Console.WriteLine("open");
        var answers = ReportAnswersAsync(client);
        var noted = notes is null ? 0 : Noted(notes);
        for (var number = noted + 1; number <= count; number++)
        {
            var text = number.ToString(CultureInfo.InvariantCulture);
            await client.EnqueueAsync(room, text, clientOffset: $"number-{text}");
            Console.WriteLine($"enqueued {text}");
            if (notes is not null)
            {
                await File.AppendAllTextAsync(notes, $"{text}\n");
            }

            if (number == pause)
            {
                await Task.Delay(Timeout.Infinite);
            }
        }

        await client.FlushAsync();
        Console.WriteLine("done");
        await client.DisposeAsync();
        await answers;
    }

    private static int Noted(string notes) => File.Exists(notes)
        ? File.ReadAllText(notes).Split('\n') is [.., var last, _] ? int.Parse(last, CultureInfo.InvariantCulture) : 0
        : 0;

    private static async Task ReportAnswersAsync(ChatClient client)
    {
        await foreach (var happened in client.ReadEventsAsync())
        {
            if (happened is MessageAcked acked)
            {
                Console.WriteLine($"acked {acked.ClientOffset}");
            }
        }
    }
}
