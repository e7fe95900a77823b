using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using GrpcChat.Client;

namespace GrpcChat.Deploy;

/// <summary>A client that is in a room and remembers what it has heard and sent.</summary>
internal sealed class Participant : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private readonly ChatClient client;
    private readonly string room;
    private readonly List<Task<SentMessage>> sends = [];
    private readonly Task reading;
    private readonly ConcurrentQueue<ChatMessage> received = [];
    private int problems;

    /// <param name="address">The address of the proxy.</param>
    /// <param name="authorities">The authorities of its certificate.</param>
    /// <param name="room">The room.</param>
    /// <param name="user">The name; null = that of the room.</param>
    /// <param name="channel">A connection to share with others; null = one of its own.</param>
    public Participant(
        string address, X509Certificate2Collection authorities, string room, string? user = null, ChannelBase? channel = null)
    {
        this.room = room;
        client = ChatClient.Open(new ChatClientOptions
        {
            Addresses = [address],
            User = user ?? room,
            CertificateAuthorities = authorities,
            Channel = channel,
        });
        _ = client.JoinAsync(room);
        reading = ReadAsync();
    }

    /// <summary>What was wrong with the connection, so often.</summary>
    public int Problems => Volatile.Read(ref problems);

    public int Acked => sends.Count(send => send.IsCompletedSuccessfully);

    public IReadOnlyList<ChatMessage> Received => [.. received];

    public void Send(string text) => sends.Add(client.SendAsync(room, text));

    /// <summary>Waits until everything is stored, and this many messages of the room have been heard.</summary>
    public async Task SettleAsync(int messages)
    {
        await Task.WhenAll(sends).WaitAsync(Deadline);
        for (var begun = TimeProvider.System.GetTimestamp(); received.Count < messages; await Task.Delay(20))
        {
            if (TimeProvider.System.GetElapsedTime(begun) > Deadline)
            {
                throw new InvalidOperationException($"heard {received.Count} of {messages} messages");
            }
        }
    }

    /// <summary>Checks that what it heard is the log: nothing is missing, double, or in another order.</summary>
    /// <param name="texts">What was sent; null where several participants send at once.</param>
    public async Task CheckAsync(IEnumerable<string>? texts = null)
    {
        var log = new List<ChatMessage>();
        while (await client.ReadHistoryAfterAsync(room, log.Count, 1000) is { Messages.Count: > 0 } page)
        {
            log.AddRange(page.Messages);
        }

        ThrowUnlessEqual(log.Select((_, i) => i + 1L), log.Select(message => message.Id), "ids in the log");
        ThrowUnlessEqual(log.Select(Line), received.Select(Line), "messages heard, against the log");
        if (texts is not null)
        {
            ThrowUnlessEqual(texts, log.Select(message => message.Text), "texts in the log, against those sent");
            ThrowUnlessEqual(log.Select(message => message.Id), (await Task.WhenAll(sends)).Select(sent => sent.Id), "acks");
        }

        static string Line(ChatMessage message) => $"{message.Id} {message.Text}";
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await reading;
    }

    public static void ThrowUnlessEqual<T>(IEnumerable<T> expected, IEnumerable<T> actual, string what)
    {
        var (wanted, found) = (expected.ToList(), actual.ToList());
        if (!wanted.SequenceEqual(found))
        {
            var place = wanted.Zip(found).TakeWhile(pair => Equals(pair.First, pair.Second)).Count();
            throw new InvalidOperationException(
                $"{what}: {wanted.Count} expected, {found.Count} found, which differ at {place + 1}: "
                + $"'{wanted.ElementAtOrDefault(place)}' expected, '{found.ElementAtOrDefault(place)}' found");
        }
    }

    private async Task ReadAsync()
    {
        await foreach (var happened in client.ReadEventsAsync())
        {
            if (happened is MessageReceived { Message: var message })
            {
                received.Enqueue(message);
            }
            else if (happened is ConnectionChanged { State: ConnectionState.Waiting } changed)
            {
                Console.WriteLine($"broken: {changed.Problem?.Message}");
                Interlocked.Increment(ref problems);
            }
        }
    }
}
