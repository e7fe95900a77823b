using System.Collections.Concurrent;

namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// Decides which messages of a room are beyond the limits, and removes them in small steps. There is one for each log in each
/// process. Another process may remove messages of the same log at any time.
/// </summary>
#pragma warning disable CA1001 // Not disposable: see turn.
internal sealed class LogTrimmer
#pragma warning restore CA1001
{
    private readonly IMessageLog log;

    // Never disposed of: somebody may wait for it when the log is closed. It holds no resource.
    private readonly SemaphoreSlim turn = new(1);

    // Kept between two runs, which would otherwise read all that is kept to find out how much it is.
    private readonly ConcurrentDictionary<string, RoomSize> sizes = [];

    public LogTrimmer(IMessageLog log)
    {
        this.log = log;

        // Texts have become shorter.
        log.Erased += room => sizes.TryRemove(room, out _);
    }

    /// <summary>Removes the oldest messages of a room that are beyond a limit: as many as one step may.</summary>
    /// <param name="room">The room.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="oldestTime">
    /// The time of the oldest message that is kept for its age, in microseconds since 1970; 0 = any age.
    /// </param>
    /// <param name="cancellation">Ends the wait and the decision. What is decided is carried out.</param>
    /// <returns>How many were removed, and what the room has now. While it is more than none, there may be more.</returns>
    /// <exception cref="LogDamagedException">Something in the room is not what was stored.</exception>
    /// <exception cref="StoreUnavailableException">The log cannot be read or written now.</exception>
    public async Task<(long Removed, RoomBounds Bounds)> StepAsync(
        string room, TrimLimits limits, long oldestTime, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            while (true)
            {
                var before = await log.BoundsAsync(room, cancellation);
                var size = limits.KeepBytes is null ? null : await MeasureAsync(room, before, cancellation);
                var newestToRemove = limits.KeepMessages is { } count ? before.Head - count : 0;
                var beyond = new BeyondLimits(newestToRemove, oldestTime, (size?.Bytes ?? 0) - (limits.KeepBytes ?? 0));
                if (!await log.ReadAsync(room, before.Oldest - 1, before.Head, beyond, cancellation))
                {
                    // Another process has removed messages meanwhile.
                    continue;
                }

                if (beyond.LastId == 0)
                {
                    return (0, before);
                }

                var after = await log.TrimAsync(room, beyond.LastId, cancellation);
                if (after.Oldest != beyond.LastId + 1)
                {
                    // Another process has removed more than was measured.
                    sizes.TryRemove(room, out _);
                }
                else if (size is not null)
                {
                    (size.Oldest, size.Bytes) = (after.Oldest, size.Bytes - beyond.Bytes);
                }

                return (after.Oldest - before.Oldest, after);
            }
        }
        finally
        {
            turn.Release();
        }
    }

    // Only what is new since the last time is read.
    private async Task<RoomSize> MeasureAsync(string room, RoomBounds bounds, CancellationToken cancellation)
    {
        if (!sizes.TryGetValue(room, out var size) || size.Oldest != bounds.Oldest)
        {
            sizes[room] = size = new RoomSize { Oldest = bounds.Oldest, LastId = bounds.Oldest - 1 };
        }

        while (size.LastId < bounds.Head)
        {
            var page = new TextSizes();
            if (!await log.ReadAsync(room, size.LastId, bounds.Head, page, cancellation))
            {
                // The rest is removed by now, and with it what was measured.
                break;
            }

            (size.LastId, size.Bytes) = (page.LastId, size.Bytes + page.Bytes);
        }

        return size;
    }

    private sealed class RoomSize
    {
        public long Oldest { get; set; }

        public long LastId { get; set; }

        public long Bytes { get; set; }
    }

    private sealed class TextSizes : IMessageSink
    {
        public long LastId { get; private set; }

        public long Bytes { get; private set; }

        public bool TryAdd(scoped in MessageRow row)
        {
            (LastId, Bytes) = (row.Id, Bytes + row.Text.Length);
            return true;
        }
    }

    /// <summary>Takes the oldest messages that are beyond a limit, until one is not or a step is full.</summary>
    private sealed class BeyondLimits(long newestToRemove, long oldestTime, long bytesToRemove) : IMessageSink
    {
        // Large texts take pages of their own, each of which has to be read to be freed.
        private const int MaxStepBytes = 256 * 1024;

        private int rows;

        public long LastId { get; private set; }

        public long Bytes { get; private set; }

        public bool TryAdd(scoped in MessageRow row)
        {
            var isBeyond = row.Id <= newestToRemove || row.SentAt < oldestTime || Bytes < bytesToRemove;
            if (!isBeyond || rows == LogLimits.MaxTrimmedRows || (rows > 0 && Bytes + row.Text.Length > MaxStepBytes))
            {
                return false;
            }

            rows++;
            (LastId, Bytes) = (row.Id, Bytes + row.Text.Length);
            return true;
        }
    }
}
