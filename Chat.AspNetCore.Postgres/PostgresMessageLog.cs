using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// The log in a PostgreSQL database that several nodes write to. The database orders and deduplicates; a node holds nothing that a
/// restart loses.
/// </summary>
internal sealed class PostgresMessageLog : IMessageLog, IBlockedSendersSource
{
    private readonly PostgresServer server;
    private readonly PostgresReader reader;
    private readonly ReadReplicas replicas;
    private readonly PostgresTransactions transactions;
    private readonly PostgresTrim trim;
    private readonly PostgresErasure erasure;
    private readonly HeadReader heads;
    private readonly BlockedSenderList blocked;
    private readonly RoomFeeds feeds;
    private readonly CommitHints hints;
    private readonly LogWatch watch;
    private readonly RoomWriters writers;
    private readonly LogOptions options;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lazy<Task> closing;
    private Task background = Task.CompletedTask;
    private Exception? failure;

    private PostgresMessageLog(string connectionString, LogOptions options, string? readReplicas, ILogger logger)
    {
        this.options = options;
        var standbys = ReadReplicas.Parse(readReplicas, connectionString);
        server = PostgresServer.Open(connectionString, End);

        // Appends get most of the pool, and readers the rest; three connections are for hints, looks at the heads, and a new room.
        var writerCount = Math.Max(1, (server.PoolSize - 3) * 2 / 3);
        var readerCount = Math.Max(1, server.PoolSize - 3 - writerCount);
        reader = new PostgresReader(server, readerCount);
        replicas = new ReadReplicas(standbys, server, readerCount, options.Metrics, logger);
        transactions = new PostgresTransactions(server, options);
        trim = new PostgresTrim(server, options);
        heads = new HeadReader(reader);
        blocked = new BlockedSenderList(reader);
        watch = new LogWatch(reader, Health);
        feeds = new RoomFeeds(
            reader, commit => Committed?.Invoke(commit), room => Erased?.Invoke(room), watch.OnDamaged, stopping.Token);
        erasure = new PostgresErasure(this, server, reader, options, feeds.OnErased);
        hints = new CommitHints(server, feeds.OnHint, watch.LookNow);
        writers = new RoomWriters(server, writerCount, heads, feeds, hints, watch, Health, options, End);
        closing = new Lazy<Task>(CloseAsync);
    }

    public event Action<RoomCommit>? Committed;

    public event Action<string>? Erased;

    public string LogId => server.LogId;

    public string Location => server.Location;

    public LogSize Size => watch.Size;

    public int QueuedSends => writers.Count;

    public Task Stopped => stopped.Task;

    public LogHealth Health { get; } = new();

    public Func<string, bool>? IsFollowed
    {
        set => feeds.Follows = value;
    }

    /// <summary>Opens the log in a database, or creates a new one.</summary>
    /// <param name="connectionString">The connection string, as for Npgsql.</param>
    /// <param name="options">The options; null = the defaults.</param>
    /// <param name="readReplicas">Standbys to read from, see <see cref="ReadReplicas.Parse"/>.</param>
    /// <param name="logger">Is told when one of them is not used, and when it is again.</param>
    /// <exception cref="LogOpenException">The log cannot be used.</exception>
    public static PostgresMessageLog Open(
        string connectionString, LogOptions? options = null, string? readReplicas = null, ILogger? logger = null)
    {
        var log = new PostgresMessageLog(
            connectionString, options ?? new LogOptions(), readReplicas, logger ?? NullLogger.Instance);
        try
        {
            log.watch.Count();

            // Before anybody can call.
            log.LookAtHeadsAsync(CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (StoreUnavailableException error)
        {
            log.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw new LogOpenException(error.Message, error, isRetryable: true);
        }

        log.background = Task.WhenAll(
            Run(log.hints.SendAsync),
            Run(log.hints.ListenAsync),
            Run(log.server.Commands.WatchAsync),
            Run(stop => log.watch.RunAsync(log.LookAtHeadsAsync, stop)),
            Run(log.replicas.RunAsync));
        return log;

        Task Run(Func<CancellationToken, Task> loop) => Task.Run(async () =>
        {
            try
            {
                await loop(log.stopping.Token);
            }
            catch (Exception error)
            {
                if (!log.stopping.IsCancellationRequested)
                {
                    log.End(error);
                }
            }
        });
    }

    public async ValueTask AppendAsync(Append append, CancellationToken cancellation)
    {
        if (!await writers.EnqueueAsync(append, cancellation))
        {
            // Earlier sends of this stream may still be answered, and no answer may follow the failure.
            await stopped.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            RoomWriters.Fail([append], failure ?? new StoreUnavailableException("the log is closed"));
        }
    }

    public Task PingAsync() => writers.PingAsync();

    public void WatchBlockedSenders(Action<IReadOnlyCollection<string>> onChanged) => blocked.Watch(onChanged);

    public async ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation)
    {
        var state = feeds.Follow(room);
        ThrowIfDamaged(room);
        var seen = state.Seen;
        var bounds = await watch.TryAsync(() => heads.ReadAsync([room], cancellation));
        var found = bounds.GetValueOrDefault(room, SharedBounds.Empty);
        feeds.OnRead(state, found, seen);
        ThrowIfDamaged(room);
        return new(found.Oldest, found.Head);
    }

    public async ValueTask<bool> ReadAsync(
        string room,
        long after,
        long through,
        IMessageSink sink,
        CancellationToken cancellation)
    {
        ThrowIfDamaged(room);
        var state = feeds.Find(room);
        if (await replicas.TryReadAsync(state, after, through, sink, cancellation))
        {
            return true;
        }

        var head = state?.Seen ?? 0;
        return await GuardAsync(room, () => watch.TryAsync(
            async () => await reader.ReadAsync(room, after, through, head, sink, cancellation) is not null));
    }

    public async Task<RoomBounds> TrimAsync(string room, long through, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfDamaged(room);
        try
        {
            var (removed, bounds) = await GuardAsync(room, () => transactions.RepeatAsync(() => trim.StepAsync(room, through), Health));
            watch.OnRemoved(removed);
            options.Metrics.OnTrimmed(removed);
            return bounds;
        }
        catch (Exception error) when (error is not StoreUnavailableException && PostgresErrors.IsUnavailable(error))
        {
            throw new StoreUnavailableException(PostgresErrors.Describe(Location, error), error);
        }
    }

    public Task<ErasureSummary> EraseAsync(MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation) =>
        erasure.RunAsync(messages, progress, cancellation);

    public async ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(
        string after,
        int count,
        CancellationToken cancellation) =>
        await watch.TryAsync(() => reader.ListRoomsAsync(after, count, cancellation));

    public ValueTask DisposeAsync() => new(closing.Value);

    private async Task CloseAsync()
    {
        // An append is never cancelled, and a database that is gone never answers. Whoever waited for it was told so meanwhile.
        writers.Close();
        var deadline = Task.Delay(options.LockTimeout);
        await Task.WhenAny(writers.Drained, deadline);
        if (failure is null)
        {
            stopped.TrySetResult();
        }

        var ending = EndAsync();
        if (await Task.WhenAny(ending, deadline) == ending)
        {
            stopping.Dispose();
        }

        await server.DisposeAsync();

        // In this order: whoever is looking after the replicas waits for them.
        async Task EndAsync()
        {
            await stopping.CancelAsync();
            await Task.WhenAll(background, feeds.Ended);
            await replicas.DisposeAsync();
        }
    }

    // Nothing is stored any more: the process has to be started again. What is being stored is still answered, if that is soon.
    private void End(Exception error)
    {
        failure ??= error;
        writers.Close(error);
        _ = Task.WhenAny(writers.Drained, Task.Delay(options.LockTimeout)).ContinueWith(
            _ => stopped.TrySetException(failure), TaskScheduler.Default);
    }

    // What the hints have missed.
    private async Task LookAtHeadsAsync(CancellationToken cancellation)
    {
        var followed = feeds.Followed();
        var found = await heads.ReadAsync(followed.Select(room => room.Room.Name).Append(BlockedSenderList.Key), cancellation);
        foreach (var (room, seen) in followed)
        {
            feeds.OnRead(room, found.GetValueOrDefault(room.Name, SharedBounds.Empty), seen);
        }

        await blocked.LookAsync(found[BlockedSenderList.Key].Head, cancellation);
    }

    private async Task<T> GuardAsync<T>(string room, Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (LogDamagedException damage)
        {
            feeds.OnDamaged(room, damage);
            throw;
        }
    }

    private void ThrowIfDamaged(string room)
    {
        if (feeds.Find(room)?.Damage is { } found)
        {
            throw new LogDamagedException(found.Message);
        }
    }
}
