using System.Collections.Concurrent;

namespace Chat.AspNetCore.Storage.GroupCommit;

/// <summary>
/// A log with one writer thread that stores all sends that wait in one batch: one transaction, one sync, then the
/// answers. There is no artificial delay: what arrives during a sync is the next batch. Ids, dedupe and the fate of a
/// failed batch are decided here; a derived log only keeps rows.
/// </summary>
internal abstract class GroupCommitLog : IMessageLog
{
    // How long the writer waits before it tells the store that nothing goes on.
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(1);

    private readonly AppendQueue queue;
    private readonly RoomAdmission admission;
    private readonly TimeProvider time;
    private readonly Thread writer;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Of the batch that is being stored: rooms with new messages, and those among them that did not exist before.
    private readonly List<RoomState> touched = [];
    private readonly Dictionary<string, RoomState> created = [];
    private readonly StoredBatch commit = new();
    private long messages;

    protected GroupCommitLog(LogOptions options)
    {
        queue = new AppendQueue(options.MaxQueuedSends);
        admission = new RoomAdmission(options.MaxRooms, options.MaxNewRoomsPerSenderAndMinute, options.Time);
        time = options.Time;
        BeforeCommit = options.BeforeCommit;
        writer = new Thread(Write) { Name = "log writer", IsBackground = true };
    }

    public event Action<RoomCommit>? Committed;

    public abstract string LogId { get; }

    public abstract string Location { get; }

    public LogSize Size => new(Rooms.Count, Interlocked.Read(ref messages));

    public Task Stopped => stopped.Task;

    /// <summary>Rooms that have had a message, by name; only the writer adds.</summary>
    protected ConcurrentDictionary<string, RoomState> Rooms { get; } = [];

    private Action<IReadOnlyList<Append>>? BeforeCommit { get; }

    public async ValueTask AppendAsync(Append append, CancellationToken cancellation)
    {
        if (!await queue.EnqueueAsync(append, cancellation))
        {
            // First the writer answers what it still has, also of this stream: after the failure no answer may come.
            await stopped.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            append.Stream.Fail(stopped.Task.Exception?.InnerException ?? new StoreUnavailableException("The log is closed."));
        }
    }

    public ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation) =>
        new(Rooms.TryGetValue(room, out var state) ? state.Bounds : RoomBounds.Empty);

    public abstract ValueTask ReadAsync(
        string room,
        long after,
        long through,
        IMessageSink sink,
        CancellationToken cancellation);

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

    /// <summary>Begins to take sends; called once, when the store is open and <see cref="Rooms"/> is filled.</summary>
    protected void Start(long messagesKept)
    {
        messages = messagesKept;
        writer.Start();
    }

    // The store. All but CloseAsync are called on the writer's thread.

    protected abstract void BeginBatch();

    /// <summary>Finds what (room, sender, client offset) was stored as, in this batch or ever before.</summary>
    protected abstract bool TryFindKey(RoomState room, Append append, out long id, out UInt128 contentHash);

    protected abstract RoomState CreateRoom(string name);

    protected abstract void Insert(RoomState room, long id, Append append, DateTimeOffset sentAt);

    /// <summary>Makes the batch durable, with the new heads of the rooms that it touched.</summary>
    protected abstract void CommitBatch(IReadOnlyList<RoomState> touched);

    /// <summary>Undoes the batch; throws if that can't be said for certain.</summary>
    protected abstract void RollbackBatch();

    /// <summary>
    /// What an error means for the batch that it struck: certainly not stored, so that the next batch may be tried, or
    /// (false) unknown, so that nothing may be stored after it.
    /// </summary>
    protected virtual bool IsCertainlyNotStored(Exception error) => false;

    /// <summary>Nothing has been sent for a while: time to tidy up. False to be called again, a while later.</summary>
    protected virtual bool OnIdle() => true;

    /// <summary>A batch has been answered; the next is not begun.</summary>
    protected virtual void OnAnswered()
    {
    }

    protected abstract ValueTask CloseAsync();

    private void Write()
    {
        var batch = new List<Append>();
        var patience = IdleAfter;
        try
        {
            while (queue.Take(batch, patience) is { } taken)
            {
                batch = taken;
                if (batch.Count == 0)
                {
                    patience = OnIdle() ? Timeout.InfiniteTimeSpan : IdleAfter;
                    continue;
                }

                var count = batch.Count;
                Store(batch);
                queue.Release(count);
                batch.Clear();
                OnAnswered();
                patience = IdleAfter;
            }

            stopped.SetResult();
        }
        catch (Exception error)
        {
            // What the failed batch left behind is unknown, so nothing may be stored after it: the streams end, their
            // clients repeat what was not answered, and the dedupe keys settle it once the process has been restarted.
            queue.Close();
            for (var rest = batch; rest is not null; rest = queue.Take([], Timeout.InfiniteTimeSpan))
            {
                rest.ForEach(append => append.Stream.Fail(error));
                queue.Release(rest.Count);
            }

            stopped.SetException(error);
        }
    }

    private void Store(List<Append> batch)
    {
        batch.RemoveAll(append => append.Stream.HasFailed);
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            StoreInOneTransaction(batch);
        }
        catch (Exception error) when (error is StoreUnavailableException || IsCertainlyNotStored(error))
        {
            // Every stream of the batch ends here, and with it what it still has in the queue.
            batch.ForEach(append => append.Stream.Fail(error));
            return;
        }

        foreach (var room in touched)
        {
            Interlocked.Add(ref messages, room.Pending - room.Head);
            room.Publish();
            Rooms.TryAdd(room.Name, room);
            Committed?.Invoke(commit.Of(room));
            room.EndBatch();
        }

        foreach (var append in batch)
        {
            append.NextInRoom = null;
            append.DropText();
            append.Stream.OnAnswered(append);
        }
    }

    private void StoreInOneTransaction(List<Append> batch)
    {
        touched.Clear();
        created.Clear();
        var sentAt = time.GetUtcNow();
        commit.SentAt = LogTime.ToMicroseconds(sentAt);
        BeginBatch();
        try
        {
            foreach (var append in batch)
            {
                append.Result = Take(append, sentAt);
            }

            BeforeCommit?.Invoke(batch);
            CommitBatch(touched);
            admission.Keep();
        }
        catch
        {
            Undo();
            throw;
        }
    }

    private void Undo()
    {
        try
        {
            RollbackBatch();
        }
        catch (Exception error)
        {
            // Whatever it was that failed the batch: its outcome is unknown now.
            throw new InvalidOperationException("A batch failed and can't be undone.", error);
        }

        touched.ForEach(room => room.Forget());
        admission.Forget();
    }

    private AppendResult Take(Append append, DateTimeOffset sentAt)
    {
        if (append.Malformed is not null)
        {
            return append.Malformed;
        }

        if (!Rooms.TryGetValue(append.Room, out var room))
        {
            created.TryGetValue(append.Room, out room);
        }

        if (room is not null && TryFindKey(room, append, out var found, out var hash))
        {
            return hash == append.ContentHash ? AppendResult.Found(found) : Refusals.OffsetReused;
        }

        if (append.RefuseIfNew is not null)
        {
            return append.RefuseIfNew;
        }

        if (room is null)
        {
            if (admission.Admit(append.Sender, Rooms.Count + created.Count) is { } refused)
            {
                return refused;
            }

            room = CreateRoom(append.Room);
            created.Add(append.Room, room);
        }

        if (room.Pending == room.Head)
        {
            touched.Add(room);
        }

        var id = room.Next(append);
        Insert(room, id, append, sentAt);
        return AppendResult.Stored(id);
    }
}
