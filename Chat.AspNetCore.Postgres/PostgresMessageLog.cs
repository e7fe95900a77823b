using System.Globalization;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// The log in a PostgreSQL database that several nodes write to. The database orders and deduplicates; a node holds nothing that a
/// restart loses.
/// </summary>
internal sealed class PostgresMessageLog : IMessageLog, IBlockedSendersSource
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly PostgresServer server;
    private readonly PostgresReader reader;
    private readonly PostgresAppender appender;
    private readonly PostgresTransactions transactions;
    private readonly PostgresTrim trim;
    private readonly PostgresErasure erasure;
    private readonly HeadReader heads;
    private readonly BlockedSenderList blocked;
    private readonly RoomFeeds feeds;
    private readonly CommitHints hints;
    private readonly LogWatch watch;
    private readonly RoomQueues queues;
    private readonly SemaphoreSlim writers;
    private readonly LogOptions options;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lazy<Task> closing;
    private Task background = Task.CompletedTask;
    private Exception? failure;

    private PostgresMessageLog(string connectionString, LogOptions options)
    {
        this.options = options;
        server = PostgresServer.Open(connectionString, End);

        // Appends get most of the pool, and readers the rest; three connections are for hints, looks at the heads, and a new room.
        var writerCount = Math.Max(1, (server.PoolSize - 3) * 2 / 3);
        writers = new SemaphoreSlim(writerCount);
        reader = new PostgresReader(server, Math.Max(1, server.PoolSize - 3 - writerCount));
        appender = new PostgresAppender(server, options);
        transactions = new PostgresTransactions(server, options);
        trim = new PostgresTrim(server, options);
        heads = new HeadReader(reader);
        blocked = new BlockedSenderList(reader);
        watch = new LogWatch(reader, Health);
        feeds = new RoomFeeds(
            reader, commit => Committed?.Invoke(commit), room => Erased?.Invoke(room), watch.OnDamaged, stopping.Token);
        erasure = new PostgresErasure(this, server, reader, options, feeds.OnErased);
        hints = new CommitHints(server, feeds.OnHint, watch.LookNow);
        queues = new RoomQueues(options.MaxQueuedSends, room => feeds.Find(room)?.Seen > 0, WriteAsync);
        closing = new Lazy<Task>(CloseAsync);
    }

    public event Action<RoomCommit>? Committed;

    public event Action<string>? Erased;

    public string LogId => server.LogId;

    public string Location => server.Location;

    public LogSize Size => watch.Size;

    public int QueuedSends => queues.Count;

    public Task Stopped => stopped.Task;

    public LogHealth Health { get; } = new();

    public Func<string, bool>? IsFollowed
    {
        set => feeds.Follows = value;
    }

    /// <summary>Opens the log in a database, or creates a new one.</summary>
    /// <exception cref="LogOpenException">The log cannot be used.</exception>
    public static PostgresMessageLog Open(string connectionString, LogOptions? options = null)
    {
        var log = new PostgresMessageLog(connectionString, options ?? new LogOptions());
        try
        {
            log.watch.Count();

            // Before anybody can call.
            log.LookAtHeadsAsync(CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (StoreUnavailableException error)
        {
            log.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw new LogOpenException(error.Message, error);
        }

        log.background = Task.WhenAll(
            Run(log.hints.SendAsync), Run(log.hints.ListenAsync), Run(stop => log.watch.RunAsync(log.LookAtHeadsAsync, stop)));
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
        if (!await queues.EnqueueAsync(append, cancellation))
        {
            // Earlier sends of this stream may still be answered, and no answer may follow the failure.
            await stopped.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Fail([append], failure ?? new StoreUnavailableException("the log is closed"));
        }
    }

    public Task PingAsync() => queues.PingAsync();

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
        var head = feeds.Find(room)?.Seen ?? 0;
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
        queues.Close();
        await queues.Drained;
        if (failure is null)
        {
            stopped.TrySetResult();
        }

        await stopping.CancelAsync();
        await background;
        await feeds.Ended;
        await server.DisposeAsync();
        reader.Dispose();
        writers.Dispose();
        stopping.Dispose();
    }

    // Nothing is stored any more: the process has to be started again. What is being stored is still answered, if that is soon.
    private void End(Exception error)
    {
        failure ??= error;
        queues.Close();
        _ = Task.WhenAny(queues.Drained, Task.Delay(options.LockTimeout)).ContinueWith(
            _ => stopped.TrySetException(failure), TaskScheduler.Default);
    }

    // Writes the sends of one room, batch after batch.
    private async Task WriteAsync(RoomQueue queue)
    {
        await GiveUpWhileStuckAsync(queue.Before, queue, []);

        // Only a room that does not exist waits for its turn. It needs no place among the others, because it is alone.
        var isNew = queue.MayCreate && !await ExistsAsync(queue);
        if (isNew)
        {
            await GiveUpWhileStuckAsync(queue.Turn, queue, []);
        }
        else
        {
            queue.SkipTurn();
        }

        while (true)
        {
            // Taken when there is a place to store them, so that what has come meanwhile is in the same batch.
            if (!isNew)
            {
                await GiveUpWhileStuckAsync(writers.WaitAsync(), queue, [], isForAnyRoom: true);
            }

            var batch = queues.Take(queue, PostgresAppender.MaxBatch);
            var count = batch.Count;
            if (count > 0)
            {
                await GiveUpWhileStuckAsync(StoreOrFailAsync(queue.Room, batch), queue, [.. batch]);
            }

            if (isNew)
            {
                queue.EndTurn();
            }
            else
            {
                writers.Release();
            }

            if (count == 0)
            {
                return;
            }

            queues.Release(count);
            isNew = false;
        }
    }

    // One query answers for all rooms that are asked for at the same time. If it fails, so does what follows.
    private async Task<bool> ExistsAsync(RoomQueue queue)
    {
        var reading = heads.ReadAsync([queue.Room], CancellationToken.None);
        await GiveUpWhileStuckAsync(reading, queue, [], isForAnyRoom: true);
        return reading.IsCompletedSuccessfully && (await reading).ContainsKey(queue.Room);
    }

    // The database may not answer for a long time, and an append is never cancelled: it may be stored in the end. Its senders do
    // not wait for that. They come back, and their sends are found, or stored then. Somebody may hold the lock of this room alone:
    // then the node still takes messages.
    private async Task GiveUpWhileStuckAsync(Task work, RoomQueue queue, Append[] batch, bool isForAnyRoom = false)
    {
        await work.WaitAsync(options.LockTimeout, options.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!work.IsCompleted)
        {
            var problem = string.Create(
                CultureInfo.InvariantCulture, $"{Location} has not answered for {options.LockTimeout.TotalSeconds:0.###} s");
            var waiting = queues.TakeWaiting(queue);
            Fail([.. batch, .. waiting], new StoreUnavailableException(problem));
            queues.Release(waiting.Count);
            if (isForAnyRoom || !await watch.CanWriteAsync(options.LockTimeout))
            {
                Health.SetWrite(problem);
            }

            await Task.WhenAny(work, Task.Delay(RetryDelay));
        }
    }

    private async Task StoreOrFailAsync(string room, List<Append> batch)
    {
        try
        {
            await StoreAsync(room, batch);
        }
        catch (Exception error) when (PostgresErrors.IsUnavailable(error))
        {
            var problem = PostgresErrors.Describe(Location, error);
            Health.SetWrite(problem);
            Fail(batch, error as StoreUnavailableException ?? new StoreUnavailableException(problem, error));
        }
        catch (LogDamagedException damage)
        {
            feeds.OnDamaged(room, damage);
            Fail(batch, damage);
        }
        catch (Exception error)
        {
            End(error);
            Fail(batch, error);
        }
    }

    private async Task StoreAsync(string room, List<Append> batch)
    {
        if (failure is { } ended)
        {
            Fail(batch, ended);
        }

        var state = feeds.Find(room);
        if (state?.Damage is { } damage)
        {
            Fail(batch, damage);
        }

        batch.RemoveAll(append => append.Stream.HasFailed);
        if (batch.Count == 0)
        {
            return;
        }

        var erasures = state?.Erasures ?? 0;
        var added = await transactions.RepeatAsync(() => appender.StoreAsync(room, batch, state?.Seen ?? 0), Health);
        if (added.First > 0)
        {
            watch.OnStored(added.Last - added.First + 1, isNewRoom: added.First == 1);
            hints.Add(room, added.Last);
            feeds.OnStored(room, added, erasures);
        }

        Answer(batch);
    }

    private void Answer(List<Append> batch)
    {
        options.Metrics.OnAnswered(batch);
        foreach (var append in batch)
        {
            append.NextInRoom = null;
            append.DropText();
            if (append.Result.Refused is null)
            {
                append.Activity?.AddEvent(new("committed"));
            }

            // A stream may have failed meanwhile in another room: then it gets no more answers.
            lock (append.Stream)
            {
                if (!append.Stream.HasFailed)
                {
                    append.Stream.OnAnswered(append);
                }
            }
        }
    }

    private static void Fail(IEnumerable<Append> sends, Exception error)
    {
        foreach (var append in sends)
        {
            lock (append.Stream)
            {
                append.Fail(error);
            }
        }
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
