using System.Globalization;
using GrpcChat.AspNetCore.Storage.GroupCommit;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Erases messages in steps on the writer's thread, between batches: first the rows, then whatever they have left in the files. The
/// second is done also if no row was left to erase: an earlier command may have been interrupted.
/// </summary>
internal sealed class SqliteErasure(
    SqliteMessageLog log, SqliteConnection writer, SqliteLogFile file, SqliteCheckpoints checkpoints, TimeProvider time) : IDisposable
{
    // A transaction, which senders wait for.
    private const int RowsPerStep = 500;

    // How long others may read what the write-ahead log was, such as a backup, and how often that is looked up.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    private readonly SqliteEraser rows = new(writer);

    // Never disposed of: whoever waits for a turn while the log is being closed would wait forever.
    private readonly SemaphoreSlim turn = new(1);
    private Dictionary<long, RoomState> rooms = [];

    /// <summary>Whether files are being cleared: until that ends, it makes the checkpoints. For the writer's thread.</summary>
    public bool IsWiping { get; private set; }

    /// <summary>See <see cref="IMessageLog.EraseAsync"/>.</summary>
    public async Task<ErasureSummary> RunAsync(
        MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation)
    {
        if (messages is { Room: { } room, Sender: null })
        {
            Erasures.EnsureKept(messages, await log.BoundsAsync(room, cancellation));
        }

        await turn.WaitAsync(cancellation);
        var counts = new Counts();
        try
        {
            await (messages.Sender is null
                ? EraseIdsAsync(messages, counts, cancellation)
                : EraseSenderAsync(messages, counts, cancellation));
            await WipeAsync(progress, cancellation);
            return new ErasureSummary(counts.Erased, counts.ErasedBefore);
        }
        catch (Exception error) when (error is not (OperationCanceledException or LogMaintenanceException))
        {
            var why = error is StoreUnavailableException or LogDamagedException ? error.Message : SqliteErrors.DescribeCopy(error);
            throw new LogMaintenanceException(
                counts.Erased + counts.ErasedBefore == 0
                    ? $"nothing was erased: {why}"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"the texts of {counts.Erased:N0} messages were erased, but the files of the log may still have traces of them: ")
                        + $"{why}; run the command again when this is mended",
                error);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => rows.Dispose();

    private async Task EraseIdsAsync(MessagesToErase messages, Counts counts, CancellationToken cancellation)
    {
        var room = log.Rooms[messages.Room!];
        foreach (var ids in messages.Ids.Chunk(RowsPerStep))
        {
            await log.RunOnWriterAsync(() => counts.Add(Erase(room, ids)), cancellation);
        }
    }

    private Counts Erase(RoomState room, long[] ids)
    {
        var counts = log.Transact(() =>
        {
            var step = new Counts();
            foreach (var id in ids)
            {
                EraseIfKept(room, id, step);
            }

            return step;
        });
        log.OnErased(room.Name);
        return counts;
    }

    private async Task EraseSenderAsync(MessagesToErase messages, Counts counts, CancellationToken cancellation)
    {
        var room = messages.Room is null ? null : log.Rooms.GetValueOrDefault(messages.Room);
        var sender = messages.Room is null || room is not null
            ? await log.RunOnWriterAsync(() => rows.FindSender(messages.Sender!), cancellation)
            : null;
        var isKnown = false;
        for (SentOffset? last = null; sender is not null;)
        {
            var page = await log.RunOnWriterAsync(
                () =>
                {
                    var (offsets, step) = Erase(sender.Value, room, last);
                    counts.Add(step);
                    return offsets;
                },
                cancellation);
            isKnown |= page.Exists(offset => room is null || offset.RoomId == room.RoomId);
            if (page.Count < RowsPerStep)
            {
                break;
            }

            last = page[^1];
        }

        if (!isKnown)
        {
            throw Erasures.UnknownSender(messages);
        }
    }

    // The client offsets of messages that are not kept any more have hashes, too.
    private (List<SentOffset> Page, Counts Counts) Erase(long sender, RoomState? only, SentOffset? after)
    {
        var page = rows.OffsetsOf(sender, after, RowsPerStep);
        var touched = new HashSet<string>();
        var counts = log.Transact(() =>
        {
            var step = new Counts();
            foreach (var offset in page.Where(offset => only is null || offset.RoomId == only.RoomId))
            {
                var room = RoomOf(offset);
                touched.Add(room.Name);
                if (!EraseIfKept(room, offset.Id, step))
                {
                    rows.ClearHash(room, sender, offset.ClientOffset, offset.Id);
                }
            }

            return step;
        });
        foreach (var room in touched)
        {
            log.OnErased(room);
        }

        return (page, counts);
    }

    private bool EraseIfKept(RoomState room, long id, Counts counts)
    {
        if (id < room.Oldest)
        {
            return false;
        }

        if (rows.EraseMessage(room, id))
        {
            counts.Erased++;
        }
        else
        {
            counts.ErasedBefore++;
        }

        return true;
    }

    private RoomState RoomOf(SentOffset offset)
    {
        if (!rooms.ContainsKey(offset.RoomId))
        {
            rooms = log.Rooms.Values.ToDictionary(room => room.RoomId);
        }

        return rooms.GetValueOrDefault(offset.RoomId)
            ?? throw new LogDamagedException($"a client offset belongs to room {offset.RoomId}, which does not exist");
    }

    private async Task WipeAsync(IProgress<double>? progress, CancellationToken cancellation)
    {
        SqliteWipe? wipe = null;
        var blockedSince = time.GetTimestamp();
        try
        {
            while (true)
            {
                var (state, error) = await log.RunOnWriterAsync(Step, cancellation);
                progress?.Report(wipe?.Share ?? 0);
                switch (state)
                {
                    case WipeProgress.Done:
                        return;
                    case WipeProgress.More:
                        blockedSince = time.GetTimestamp();
                        break;
                    case WipeProgress.Blocked when error is null && time.GetElapsedTime(blockedSince) < LongestWait:
                        await Task.Delay(RetryAfter, time, cancellation);
                        break;
                    default:
                        throw (Exception?)error ?? new StoreUnavailableException(
                            $"{file.Path}-wal cannot be emptied, because another process is reading the log, such as a backup, "
                            + "or because the disk is full");
                }
            }
        }
        finally
        {
            // If the log has ended, nothing goes on that this could stop.
            await ((Task)log.RunOnWriterAsync(() => IsWiping = false, CancellationToken.None))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // An error of the file is no error of the log: what SQLite uses is as it was.
        (WipeProgress State, IOException? Error) Step()
        {
            IsWiping = true;
            try
            {
                wipe ??= new SqliteWipe(writer, checkpoints, file.Content, file.Path);
                return (wipe.Step(), null);
            }
            catch (IOException error)
            {
                return (WipeProgress.Blocked, error);
            }
        }
    }

    private sealed class Counts
    {
        public long Erased { get; set; }

        public long ErasedBefore { get; set; }

        public Counts Add(Counts other)
        {
            (Erased, ErasedBefore) = (Erased + other.Erased, ErasedBefore + other.ErasedBefore);
            return this;
        }
    }
}
