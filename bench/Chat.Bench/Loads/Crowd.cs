using System.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// The receivers and senders of one round, each with a task that reads for it. Disposing closes their connections.
/// </summary>
internal sealed class Crowd : IAsyncDisposable
{
    private readonly CancellationTokenSource stopReading = new();
    private readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<IPeerClient> clients = [];
    private readonly List<Task> tasks = [];

    public List<Receiver> Receivers { get; } = [];

    public List<Sender> Senders { get; } = [];

    public long Acked => Senders.Sum(sender => sender.Acked);

    public long Delivered => Receivers.Sum(receiver => receiver.Count);

    /// <summary>Connects receivers that follow the default room.</summary>
    /// <param name="server">The peer.</param>
    /// <param name="count">How many.</param>
    /// <param name="inOrder">Whether the peer promises an order.</param>
    /// <param name="latencies">Takes the latency of each delivery.</param>
    /// <param name="after">The id of the room's newest message; null = the database is new.</param>
    public async Task AddReceiversAsync(
        IPeerServer server, int count, bool inOrder, Latencies? latencies = null, long? after = null)
    {
        for (var n = 0; n < count; n++)
        {
            var setup = new ClientSetup($"receiver-{n}") { Reads = true, After = after ?? ClientSetup.NewMessagesOnly };
            Add(await server.ConnectAsync(setup), new Receiver(inOrder, after ?? 0, latencies));
        }
    }

    /// <summary>Connects senders to the default room.</summary>
    public async Task AddSendersAsync(IPeerServer server, int count, int most, Latencies? latencies = null)
    {
        for (var n = 0; n < count; n++)
        {
            AddSender(await server.ConnectAsync(new ClientSetup($"sender-{n}")), most, latencies);
        }
    }

    /// <summary>Adds a client that is connected and reads.</summary>
    public void Add(IPeerClient client, Receiver receiver)
    {
        clients.Add(client);
        Receivers.Add(receiver);
        Watch(client.ReadAsync(receiver, stopReading.Token));
    }

    /// <summary>Adds a client that is connected and sends.</summary>
    public Sender AddSender(IPeerClient client, int most, Latencies? latencies)
    {
        clients.Add(client);
        var sender = new Sender(client, most, latencies);
        Senders.Add(sender);
        Watch(sender.ListenAsync(stopReading.Token));
        return sender;
    }

    /// <summary>Makes the crowd fail when this task fails.</summary>
    public Task Watch(Task task)
    {
        var watched = WatchAsync(task);
        tasks.Add(watched);
        return watched;
    }

    /// <summary>Waits for some time; throws at once if the crowd fails.</summary>
    public async Task PassAsync(TimeSpan time, CancellationToken stop)
    {
        var delay = Task.Delay(time, stop);
        await await Task.WhenAny(delay, broken.Task);
    }

    /// <summary>Waits for a task; throws at once if the crowd fails, or after <paramref name="limit"/>.</summary>
    public async Task PassAsync(Task task, TimeSpan limit, CancellationToken stop) =>
        await await Task.WhenAny(task.WaitAsync(limit, stop), broken.Task);

    /// <summary>
    /// Waits until every receiver has so many messages; returns what is missing after <paramref name="limit"/>, or
    /// null.
    /// </summary>
    public Task<string?> ArriveAsync(long messages, TimeSpan limit, CancellationToken stop) =>
        ArriveAsync(_ => messages, limit, stop);

    /// <summary>
    /// The same for receivers of different rooms: <paramref name="due"/> maps a receiver's index to its messages.
    /// </summary>
    public async Task<string?> ArriveAsync(Func<int, long> due, TimeSpan limit, CancellationToken stop)
    {
        var poll = TimeSpan.FromMilliseconds(5);
        var since = Stopwatch.StartNew();
        while (since.Elapsed < limit && Receivers.Where((receiver, n) => receiver.Count < due(n)).Any())
        {
            await PassAsync(poll, stop);
        }

        return Receivers.Select((receiver, n) => receiver.Missing(due(n))).OfType<string>().FirstOrDefault();
    }

    public async ValueTask DisposeAsync()
    {
        await stopReading.CancelAsync();
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Senders.ForEach(sender => sender.Dispose());
        stopReading.Dispose();
    }

    private async Task WatchAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception error) when (!stopReading.IsCancellationRequested)
        {
            broken.TrySetException(error);
            throw;
        }
    }
}
