using System.Diagnostics;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Load;

/// <summary>
/// A run: opens the rooms, lets the clients send and read for a while, waits until everything is answered and everybody
/// has caught up, and reads what is there then.
/// </summary>
internal sealed class LoadRun(LoadOptions options)
{
    private const int MostRoomsOfAClient = 3;

    private readonly LoadContext context = new(options);

    public Recording Recording => context.Recording;

    /// <summary>
    /// What clients met that no rule judges, such as a refusal of a message that nothing is wrong with.
    /// </summary>
    public IReadOnlyCollection<string> Failures => context.Failures;

    /// <summary>Runs. What went wrong with the service is in the recording.</summary>
    /// <param name="faults">
    /// Breaks things until it is cancelled, and returns when the service is reachable again.
    /// </param>
    /// <param name="stopping">End the load now; the rest is done.</param>
    /// <exception cref="ServiceUnreachableException">There is no service to verify.</exception>
    public async Task RunAsync(Func<Recording, CancellationToken, Task>? faults, CancellationToken stopping)
    {
        var opener = new UnarySender(context);
        await opener.OpenRoomsAsync(stopping);
        using var finishing = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var closing = new CancellationTokenSource();
        using var giveUp = new CancellationTokenSource();
        var random = new Random(options.Seed);
        var senders = (options.Clients + 1) / 2;
        var rate = (double)options.Rate / senders;
        var clients = Enumerable.Range(0, senders)
            .Select(n => new SenderClient(context, $"sender-{n}", ChooseRooms(n, random), rate, random.Next()))
            .ToList();
        var readers = Enumerable.Range(0, Math.Max(1, options.Clients / 2))
            .Select(n => new ReaderClient(context, $"reader-{n}", ChooseRooms(n, random), random.Next()))
            .ToList();

        // All at once: the list of clients does not grow while they use it.
        using var staying = new CancellationTokenSource();
        var sending = Task.WhenAll(clients.Select(
            sender => Task.Run(() => sender.RunAsync(finishing.Token, giveUp.Token), CancellationToken.None)));
        var reading = Task.WhenAll(readers.Select(
            reader => Task.Run(() => reader.RunAsync(staying.Token, closing.Token), CancellationToken.None)));

        finishing.CancelAfter(options.Duration);
        await (faults?.Invoke(Recording, finishing.Token) ?? Task.CompletedTask);
        await Task.Delay(Timeout.InfiniteTimeSpan, finishing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        giveUp.CancelAfter(options.SettleLimit);
        await sending;
        await staying.CancelAsync();
        await UntilCaughtUpAsync(readers);
        await opener.CloseRoomsAsync();
        await UntilCaughtUpAsync(readers);
        Recording.Add(HistoryEvent.Settled());
        await closing.CancelAsync();
        await reading;
        await ReadFinalLogsAsync();
    }

    private async Task UntilCaughtUpAsync(List<ReaderClient> readers)
    {
        for (var begun = Stopwatch.GetTimestamp();
            !readers.TrueForAll(reader => reader.HasEverything) && Stopwatch.GetElapsedTime(begun) < options.SettleLimit;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    private async Task ReadFinalLogsAsync()
    {
        // A long log takes longer than the last messages take to arrive.
        using var limit = new CancellationTokenSource(options.SettleLimit + options.Duration);
        var reader = new FinalReader(context);
        for (var room = 0; room < options.Rooms; room++)
        {
            await reader.ReadAsync(room, limit.Token);
        }
    }

    // Every room has somebody, as far as there are enough clients.
    private int[] ChooseRooms(int client, Random random) =>
        [.. Enumerable.Range(0, random.Next(1, MostRoomsOfAClient + 1))
            .Select(n => n == 0 ? client % options.Rooms : random.Next(options.Rooms))
            .Distinct()];
}
