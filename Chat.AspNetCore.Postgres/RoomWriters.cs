using System.Globalization;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Stores sends: the batches of a room one after the other, and rooms beside each other as far as there are connections for them.
/// Answers each send, or fails its stream.
/// </summary>
#pragma warning disable CA1001 // Not disposable: the semaphore holds no resource while nobody asks for its wait handle.
internal sealed class RoomWriters
#pragma warning restore CA1001
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly string location, poolHint;
    private readonly PostgresAppender appender;
    private readonly PostgresTransactions transactions;
    private readonly HeadReader heads;
    private readonly RoomFeeds feeds;
    private readonly CommitHints hints;
    private readonly LogWatch watch;
    private readonly LogHealth health;
    private readonly LogOptions options;
    private readonly Action<Exception> onFailed;
    private readonly RoomQueues queues;
    private readonly SemaphoreSlim connections;
    private Exception? failure;

    /// <param name="server">The database.</param>
    /// <param name="connections">How many rooms may be written at once.</param>
    /// <param name="heads">Says which rooms exist.</param>
    /// <param name="feeds">Gets what was stored.</param>
    /// <param name="hints">Get what was stored, for the other nodes.</param>
    /// <param name="watch">Counts what was stored.</param>
    /// <param name="health">Is told when the database takes no messages.</param>
    /// <param name="options">The limits and the clock.</param>
    /// <param name="onFailed">Called when nothing can be stored any more.</param>
    public RoomWriters(
        PostgresServer server,
        int connections,
        HeadReader heads,
        RoomFeeds feeds,
        CommitHints hints,
        LogWatch watch,
        LogHealth health,
        LogOptions options,
        Action<Exception> onFailed)
    {
        location = server.Location;
        poolHint = server.IsPooled ? $"; {ServerCheck.PoolHint}" : "";
        appender = new PostgresAppender(server, options);
        transactions = new PostgresTransactions(server, options);
        (this.heads, this.feeds, this.hints, this.watch, this.health) = (heads, feeds, hints, watch, health);
        (this.options, this.onFailed) = (options, onFailed);
        this.connections = new SemaphoreSlim(connections);
        queues = new RoomQueues(options.MaxQueuedSends, room => feeds.Find(room)?.Seen > 0, WriteAsync);
    }

    /// <summary>The sends that are queued or being stored.</summary>
    public int Count => queues.Count;

    /// <summary>Completes when no more sends are accepted, and each that was accepted is answered.</summary>
    public Task Drained => queues.Drained;

    /// <summary>Waits for a place and queues the send. False if no more are accepted.</summary>
    public ValueTask<bool> EnqueueAsync(Append append, CancellationToken cancellation) => queues.EnqueueAsync(append, cancellation);

    /// <summary>Completes when each room that is being written has ended its batch.</summary>
    public Task PingAsync() => queues.PingAsync();

    /// <summary>Accepts no more sends. Those that were accepted are still stored, or fail with the error.</summary>
    public void Close(Exception? error = null)
    {
        failure ??= error;
        queues.Close();
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
                await GiveUpWhileStuckAsync(connections.WaitAsync(), queue, [], isForAnyRoom: true);
            }

            var batch = queues.Take(queue, PostgresAppender.MaxBatch);
            var count = batch.Count;
            var wasGivenUp = count > 0 && await GiveUpWhileStuckAsync(StoreOrFailAsync(queue.Room, batch), queue, [.. batch]);

            if (isNew)
            {
                queue.EndTurn();
            }
            else
            {
                connections.Release();
            }

            if (count == 0)
            {
                return;
            }

            queues.Release(wasGivenUp ? 0 : count);
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
    // then the node still takes messages. Returns whether the batch was given up; its places in the queues are free then.
    private async Task<bool> GiveUpWhileStuckAsync(Task work, RoomQueue queue, Append[] batch, bool isForAnyRoom = false)
    {
        await work.WaitAsync(options.LockTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var hasGivenUp = false;
        while (!work.IsCompleted)
        {
            var problem = string.Create(
                CultureInfo.InvariantCulture,
                $"{location} has not answered for {options.LockTimeout.TotalSeconds:0.###} s{poolHint}");
            var waiting = queues.TakeWaiting(queue);
            Fail([.. batch, .. waiting], new StoreUnavailableException(problem));
            queues.Release(waiting.Count + (hasGivenUp ? 0 : batch.Length));
            hasGivenUp = true;
            if (isForAnyRoom || !await watch.CanWriteAsync(options.LockTimeout))
            {
                health.SetWrite(problem);
            }

            await Task.WhenAny(work, Task.Delay(RetryDelay));
        }

        return hasGivenUp;
    }

    private async Task StoreOrFailAsync(string room, List<Append> batch)
    {
        try
        {
            await StoreAsync(room, batch);
        }
        catch (Exception error) when (PostgresErrors.IsUnavailable(error))
        {
            var problem = PostgresErrors.Describe(location, error);
            health.SetWrite(problem);
            Fail(batch, error as StoreUnavailableException ?? new StoreUnavailableException(problem, error));
        }
        catch (LogDamagedException damage)
        {
            feeds.OnDamaged(room, damage);
            Fail(batch, damage);
        }
        catch (Exception error)
        {
            onFailed(error);
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
        var added = await transactions.RepeatAsync(() => appender.StoreAsync(room, batch, state?.Seen ?? 0), health);
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

    /// <summary>Fails the streams of sends that are not stored.</summary>
    public static void Fail(IEnumerable<Append> sends, Exception error)
    {
        foreach (var append in sends)
        {
            lock (append.Stream)
            {
                append.Fail(error);
            }
        }
    }
}
