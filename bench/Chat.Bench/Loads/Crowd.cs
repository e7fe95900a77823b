using System.Diagnostics;
using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>The receivers and senders of one round, each with a task that reads for it.</summary>
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

    /// <summary>Adds a client that has connected and wants to read.</summary>
    public void Add(IPeerClient client, Receiver receiver)
    {
        clients.Add(client);
        Receivers.Add(receiver);
        Watch(client.ReadAsync(receiver, stopReading.Token));
    }

    /// <summary>Adds a client that has connected and wants to send.</summary>
    public Sender AddSender(IPeerClient client, int most, Latencies? latencies)
    {
        clients.Add(client);
        var sender = new Sender(client, most, latencies);
        Senders.Add(sender);
        Watch(sender.ListenAsync(stopReading.Token));
        return sender;
    }

    /// <summary>From now on the crowd is broken when this fails.</summary>
    public Task Watch(Task task)
    {
        var watched = WatchAsync(task);
        tasks.Add(watched);
        return watched;
    }

    /// <summary>Lets time pass; throws at once when something fails meanwhile.</summary>
    public async Task PassAsync(TimeSpan time, CancellationToken stop)
    {
        var delay = Task.Delay(time, stop);
        await await Task.WhenAny(delay, broken.Task);
    }

    /// <summary>Waits for something; throws when something fails meanwhile, or it takes longer than <paramref name="limit"/>.</summary>
    public async Task PassAsync(Task task, TimeSpan limit, CancellationToken stop) =>
        await await Task.WhenAny(task.WaitAsync(limit, stop), broken.Task);

    /// <summary>Waits until every receiver has so many; says what is wrong where one has not.</summary>
    public Task<string?> ArriveAsync(long messages, TimeSpan limit, CancellationToken stop) =>
        ArriveAsync(_ => messages, limit, stop);

    /// <summary>The same where not all have the same room: so many are due at each, by its place in the list.</summary>
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
