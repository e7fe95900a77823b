using System.Globalization;
using Chat.Client;
using Chat.Client.Sqlite;

namespace Chat.Client.Tests.Worker;

/// <summary>Gives numbered messages to the outbox, each under a key of its own number.</summary>
internal static class Sender
{
    /// <param name="address">The service.</param>
    /// <param name="state">The state file.</param>
    /// <param name="room">Where to.</param>
    /// <param name="count">The last number.</param>
    /// <param name="pause">The number after which it waits to be killed, so that work is left for others.</param>
    /// <param name="notes">
    /// Where it notes each number that the outbox has. A process that dies in between gives a number again, which its key
    /// settles. Null = it notes nothing, and begins with 1 in each life.
    /// </param>
    public static async Task RunAsync(string address, string state, string room, int count, int pause, string? notes)
    {
        // With so few places it gives no more than it sends, and each life meets all that can happen to a message.
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
