using System.Collections.Concurrent;
using System.Diagnostics;

namespace GrpcChat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// A log with one writer thread, which stores all queued sends as one batch: one transaction, one fsync, then the
/// answers. There is no artificial delay: the sends that arrive during an fsync are the next batch. This class assigns
/// ids, finds duplicates and decides what a failed batch means; a derived log only stores rows.
/// </summary>
// A third of this file says what a derived log implements. The rest is the writer's thread, which nothing else may touch.
internal abstract class GroupCommitLog : IMessageLog
{
    // How long the queue must stay empty before the store is told that it is idle.
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(1);

    private readonly AppendQueue queue;
    private readonly NewRoomLimiter newRooms;
    private readonly LogMetrics metrics;
    private readonly TimeProvider time;
    private readonly Thread writer;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The rooms to which the current batch adds messages, and those of them that are new.
    private readonly List<RoomState> touched = [];
    private readonly Dictionary<string, RoomState> created = [];
    private readonly CommittedAppends committed = new();
    private long messageCount;
    private long lookedAt;
    private volatile bool hasDamage;

    protected GroupCommitLog(LogOptions options)
    {
        queue = new AppendQueue(options.MaxQueuedSends);
        newRooms = new NewRoomLimiter(options.MaxRooms, options.MaxNewRoomsPerSenderAndMinute, options.Time);
        metrics = options.Metrics;
        time = options.Time;
        BeforeCommit = options.BeforeCommit;
        writer = new Thread(Write) { Name = "log writer", IsBackground = true };
    }

    public event Action<RoomCommit>? Committed;

    public event Action<string>? Erased;

    public abstract string LogId { get; }

    public abstract string Location { get; }

    public LogSize Size => new(Rooms.Count, Interlocked.Read(ref messageCount));

    public Task Stopped => stopped.Task;

    public int QueuedSends => queue.Count;

    public LogHealth Health { get; } = new();

    /// <summary>Rooms that have had a message, by name. Only the writer adds to it.</summary>
    protected internal ConcurrentDictionary<string, RoomState> Rooms { get; } = [];

    private Action<IReadOnlyList<Append>>? BeforeCommit { get; }

    public async ValueTask AppendAsync(Append append, CancellationToken cancellation)
    {
        if (!await queue.EnqueueAsync(append, cancellation))
        {
            // The writer may still answer earlier sends of this stream, and no answer may follow the failure.
            await stopped.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var error = stopped.Task.Exception?.InnerException ?? new StoreUnavailableException("the log is closed");
            append.Fail(error);
        }
    }

    public async Task PingAsync()
    {
        try
        {
            await RunOnWriterAsync(static () => true, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // The log is closed: the writer has nothing to do.
        }
    }

    /// <summary>
    /// Runs a step on the writer's thread, between two batches. What changes the log does so here, in small steps, with a
    /// transaction of its own for each (<see cref="Transact"/>). Steps run in the order in which they were asked for.
    /// An error means what it means for a batch: after one of the two below, the log goes on; after any other, the outcome is
    /// unknown, and the log stops.
    /// </summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="step">The work. Sends wait as long as it takes.</param>
    /// <param name="cancellation">Cancels the wait for the step's turn. A step that has it is not withdrawn.</param>
    /// <returns>The step's result.</returns>
    /// <exception cref="StoreUnavailableException">The step certainly did nothing, but may do it later; or the log is closed.</exception>
    /// <exception cref="LogDamagedException">The step found something that is not what was stored, and did nothing.</exception>
    public Task<T> RunOnWriterAsync<T>(Func<T> step, CancellationToken cancellation) =>
        queue.RunAsync(new WriterStep<T>(step), cancellation);

    public abstract Task<ErasureSummary> EraseAsync(
        MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation);

    public ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation) =>
        new(Rooms.TryGetValue(room, out var state) ? state.Bounds : RoomBounds.Empty);

    public abstract ValueTask<bool> ReadAsync(
        string room,
        long after,
        long through,
        IMessageSink sink,
        CancellationToken cancellation);

    public Task<RoomBounds> TrimAsync(string room, long through, CancellationToken cancellation) =>
        Rooms.TryGetValue(room, out var state)
            ? RunOnWriterAsync(() => Trim(state, through), cancellation)
            : Task.FromResult(RoomBounds.Empty);

    public abstract ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(
        string after,
        int count,
        CancellationToken cancellation);

    public async ValueTask DisposeAsync()
    {
        queue.Close();
        await stopped.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts the writer. Called once, when the store is open and <see cref="Rooms"/> is filled.</summary>
    protected void Start(long storedMessages)
    {
        messageCount = storedMessages;
        writer.Start();
    }

    /// <summary>Makes a change in a transaction of its own, within a step.</summary>
    /// <returns>What the change returns, when it is durable.</returns>
    protected internal T Transact<T>(Func<T> change)
    {
        touched.Clear();
        created.Clear();
        BeginBatch();
        try
        {
            var result = change();
            Commit([]);
            return result;
        }
        catch
        {
            Rollback();
            throw;
        }
    }

    /// <summary>Called on the writer's thread when texts of a room have been erased.</summary>
    protected internal void OnErased(string room) => Erased?.Invoke(room);

    // What a derived log implements. Everything except CloseAsync is called on the writer's thread.

    protected abstract void BeginBatch();

    /// <summary>
    /// Finds the message with the same room, sender and client offset, in this batch or any earlier one.
    /// </summary>
    /// <exception cref="LogDamagedException">What is stored is damaged, and <see cref="OnDamaged"/> has been called.</exception>
    protected abstract bool TryFindStored(RoomState room, Append append, out long id, out UInt128 contentHash);

    protected abstract RoomState CreateRoom(string name);

    protected abstract void Insert(RoomState room, long id, Append append, DateTimeOffset sentAt);

    /// <summary>
    /// Removes the oldest messages of a room, up to an id, and keeps their client offsets. The next commit makes it durable.
    /// </summary>
    /// <exception cref="LogDamagedException">What is stored is damaged, and <see cref="OnDamaged"/> has been called.</exception>
    protected abstract void Remove(RoomState room, long through);

    /// <summary>Makes the batch durable, with the new heads of its rooms.</summary>
    protected abstract void CommitBatch(IReadOnlyList<RoomState> touched);

    /// <summary>Undoes the batch. Throws if it is not certain that the batch has been undone.</summary>
    protected abstract void RollbackBatch();

    /// <summary>
    /// What an error during a batch means. True: the batch is certainly not stored, and the next batch may be tried.
    /// False: the outcome is unknown, and nothing may be stored after it.
    /// </summary>
    protected virtual bool IsCertainlyNotStored(Exception error) => false;

    /// <summary>
    /// Writes something and makes it durable, to find out whether the log takes messages again. Fails as a batch does.
    /// </summary>
    protected virtual void ProbeWrite()
    {
    }

    /// <summary>Repeats the read that failed, and updates <see cref="Health"/>.</summary>
    protected virtual void ProbeRead()
    {
    }

    /// <summary>What is wrong, from an error after which the next batch may be tried: a sentence for the operator.</summary>
    protected virtual string Describe(Exception error) => error.Message;

    /// <summary>Called on any thread when something in a room is not what was stored: nothing more is stored there.</summary>
    protected void OnDamaged(RoomState room, LogDamagedException damage)
    {
        room.Damage = damage;
        hasDamage = true;
    }

    /// <summary>Called when a read has failed: the writer looks after it, even if nothing is sent.</summary>
    protected void OnReadFailed() => queue.Wake();

    /// <summary>Called when nothing has been sent for a while. False asks for another call later.</summary>
    protected virtual bool OnIdle() => true;

    /// <summary>Called when a batch has been answered, before the next begins.</summary>
    protected virtual void OnAnswered()
    {
    }

    protected abstract ValueTask CloseAsync();

    private void Write()
    {
        var batch = new List<Append>();
        var timeout = IdleAfter;
        WriterStep? step = null;
        try
        {
            while (queue.Take(batch, timeout, out step) is { } taken)
            {
                batch = taken;
                if (batch.Count == 0 && step is null)
                {
                    var isDone = OnIdle();
                    timeout = LookAfterProblems() && isDone ? Timeout.InfiniteTimeSpan : IdleAfter;
                    continue;
                }

                var count = batch.Count;
                Store(batch);
                queue.Release(count);
                batch.Clear();
                Run(step);
                OnAnswered();
                if (HasProblem && time.GetElapsedTime(lookedAt) >= IdleAfter)
                {
                    LookAfterProblems();
                }

                timeout = IdleAfter;
            }

            stopped.SetResult();
        }
        catch (Exception error)
        {
            // Nobody knows what the failed batch left behind, so nothing may be stored after it. The streams end; once
            // the process has been restarted, clients repeat every unanswered send, and the client offsets show which
            // are stored.
            queue.Close();
            step?.Fail(error);
            for (var rest = batch; rest is not null; rest = queue.Take([], Timeout.InfiniteTimeSpan, out _))
            {
                rest.ForEach(append => append.Fail(error));
                queue.Release(rest.Count);
            }

            stopped.SetException(error);
        }
    }

    private bool HasProblem => Health.ReadProblem is not null || Health.WriteProblem is not null;

    // Only this ends a problem, and not a batch that went well: on a disk that is nearly full, small ones do. True if there is
    // none (any more).
    private bool LookAfterProblems()
    {
        if (!HasProblem)
        {
            return true;
        }

        lookedAt = time.GetTimestamp();
        if (Health.WriteProblem is not null)
        {
            try
            {
                ProbeWrite();
                Health.SetWrite(null);
            }
            catch (Exception error) when (error is StoreUnavailableException || IsCertainlyNotStored(error))
            {
                Health.SetWrite(Describe(error));
            }
        }

        if (Health.ReadProblem is not null)
        {
            ProbeRead();
        }

        return !HasProblem;
    }

    private void Store(List<Append> batch)
    {
        if (hasDamage)
        {
            batch.ForEach(FailIfDamaged);
        }

        batch.RemoveAll(append => append.Stream.HasFailed);
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            StoreInOneTransaction(batch);
        }
        catch (LogDamagedException)
        {
            // The batch was undone. Without the stream that met the damage, the rest of it is tried again.
            Store(batch);
            return;
        }
        catch (Exception error) when (error is StoreUnavailableException || IsCertainlyNotStored(error))
        {
            OnNotStored(error);

            // Every stream of the batch fails, together with its sends that are still queued.
            batch.ForEach(append => append.Fail(error));
            return;
        }

        foreach (var room in touched)
        {
            Interlocked.Add(ref messageCount, room.LastAssignedId - room.Head);
            room.Publish();
            Rooms.TryAdd(room.Name, room);
            Committed?.Invoke(committed.Of(room.Name, room.Head, room.FirstAppend));
            room.EndBatch();
        }

        metrics.OnAnswered(batch);
        foreach (var append in batch)
        {
            append.NextInRoom = null;
            append.DropText();
            if (append.Result.Refused is null)
            {
                append.Activity?.AddEvent(new("committed"));
            }

            append.Stream.OnAnswered(append);
        }
    }

    private void Run(WriterStep? step)
    {
        try
        {
            step?.Run();
        }
        catch (LogDamagedException damage)
        {
            step!.Fail(damage);
        }
        catch (Exception error) when (error is StoreUnavailableException || IsCertainlyNotStored(error))
        {
            OnNotStored(error);
            step!.Fail(new StoreUnavailableException(Describe(error), error));
        }
    }

    private RoomBounds Trim(RoomState room, long through)
    {
        if (room.Damage is { } damage)
        {
            throw damage;
        }

        // Noted here, because a reader may move it on as soon as the commit is done.
        var oldest = room.Oldest;
        var last = Math.Min(Math.Min(through, room.Head), oldest - 1 + LogLimits.MaxTrimmedRows);
        if (last >= oldest)
        {
            Transact(() =>
            {
                Remove(room, last);
                return last;
            });
            room.AdvanceOldest(last + 1);
            Interlocked.Add(ref messageCount, oldest - 1 - last);
            metrics.OnTrimmed(last - oldest + 1);
        }

        return room.Bounds;
    }

    private void OnNotStored(Exception error)
    {
        if (Health.WriteProblem is null)
        {
            lookedAt = time.GetTimestamp();
            Health.SetWrite(Describe(error));
        }
    }

    private void FailIfDamaged(Append append)
    {
        if (Rooms.TryGetValue(append.Room, out var room) && room.Damage is { } damage)
        {
            append.Fail(damage);
        }
    }

    private void StoreInOneTransaction(List<Append> batch)
    {
        touched.Clear();
        created.Clear();
        var sentAt = time.GetUtcNow();
        committed.SentAt = LogTime.ToMicroseconds(sentAt);
        BeginBatch();
        try
        {
            foreach (var append in batch)
            {
                try
                {
                    append.Result = Process(append, sentAt);
                }
                catch (LogDamagedException damage)
                {
                    // This one never gets any further, also if its room is only being made.
                    append.Fail(damage);
                    throw;
                }
            }

            Commit(batch);
            newRooms.Commit();
        }
        catch
        {
            Rollback();
            throw;
        }
    }

    private void Commit(IReadOnlyList<Append> batch)
    {
        BeforeCommit?.Invoke(batch);
        var began = Stopwatch.GetTimestamp();
        CommitBatch(touched);
        metrics.OnCommitted(began);
    }

    private void Rollback()
    {
        try
        {
            RollbackBatch();
        }
        catch (Exception error)
        {
            // Whatever made the batch fail, its outcome is now unknown.
            throw new InvalidOperationException("a batch failed and could not be rolled back", error);
        }

        touched.ForEach(room => room.Rollback());
        newRooms.Rollback();
    }

    private AppendResult Process(Append append, DateTimeOffset sentAt)
    {
        if (append.Malformed is not null)
        {
            return append.Malformed;
        }

        if (!Rooms.TryGetValue(append.Room, out var room))
        {
            created.TryGetValue(append.Room, out room);
        }

        if (room is not null && TryFindStored(room, append, out var found, out var hash))
        {
            return hash == append.ContentHash || hash == Append.ErasedHash ? AppendResult.Found(found) : Refusals.OffsetReused;
        }

        if (append.RefuseIfNew is not null)
        {
            return append.RefuseIfNew;
        }

        if (room is null)
        {
            if (newRooms.Admit(append.Quota ?? append.Sender, Rooms.Count + created.Count) is { } refused)
            {
                return refused;
            }

            room = CreateRoom(append.Room);
            created.Add(append.Room, room);
        }

        if (room.LastAssignedId == room.Head)
        {
            touched.Add(room);
        }

        var id = room.AssignId(append);
        Insert(room, id, append, sentAt);
        return AppendResult.Stored(id);
    }
}
