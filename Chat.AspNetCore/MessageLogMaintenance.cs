using System.Runtime.CompilerServices;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore;

/// <summary>
/// What whoever runs the chat does to an open message log, beside streams that read it and write to it. Get it from the
/// application's services; where there is none, <see cref="StoredMessageLog.Open"/> opens the log.
/// </summary>
public sealed class MessageLogMaintenance : IAsyncDisposable
{
    private const int RoomsPerPage = 500;

    private readonly IMessageLog log;
    private readonly TimeProvider time;
    private readonly bool ownsLog, isShared;
    private readonly LogTrimmer trimmer;

    /// <param name="log">The log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ownsLog">Whether the log is closed with this.</param>
    /// <param name="isShared">Whether somebody else may have the log open.</param>
    internal MessageLogMaintenance(IMessageLog log, TimeProvider time, bool ownsLog, bool isShared = false)
    {
        (this.log, this.time, this.ownsLog, this.isShared) = (log, time, ownsLog, isShared || !ownsLog);
        trimmer = new LogTrimmer(log);
    }

    /// <summary>Where the log is, for people: the path of its file.</summary>
    public string Location => log.Location;

    /// <summary>
    /// Removes old messages, the oldest of each room first. Ids go on, and client offsets stay used. It works in small steps, and
    /// in a service it leaves at least as much time between two steps as each took, so that senders hardly notice. A stream whose
    /// next message was removed is told so (<c>RESUME_GAP</c>).
    /// </summary>
    /// <param name="limits">What is kept.</param>
    /// <param name="room">The room; null = every room.</param>
    /// <param name="cancellation">Ends it after a step. What was removed until then stays removed.</param>
    /// <returns>What each step has removed, when it is on disk.</returns>
    /// <exception cref="ArgumentException">No limit is set, or one is negative, or the name of the room is not valid.</exception>
    /// <exception cref="LogMaintenanceException">
    /// There is no such room, or something of a room is damaged, or the log cannot be written. What was removed until then stays
    /// removed.
    /// </exception>
    public IAsyncEnumerable<TrimStep> TrimAsync(
        TrimLimits limits, string? room = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(limits);
        limits.ThrowIfInvalid();
        if (room is not null && !Names.IsRoom(room))
        {
            throw new ArgumentException($"'{Names.Truncate(room)}' is not a valid room name; use {Names.RoomForm}", nameof(room));
        }

        return RunAsync(limits, room, cancellation);
    }

    /// <summary>
    /// Takes the texts of messages away for good. Their ids, senders, times and client offsets stay, and whoever reads them is told
    /// that they are erased. When this completes, the texts are in no file of the log, unless the summary says so. It cannot reach
    /// backups, exports, or what clients have received.
    /// </summary>
    /// <param name="messages">Which messages. Some of them, or all, may have been erased before.</param>
    /// <param name="progress">Is told how far it is, from 0 to 1.</param>
    /// <param name="cancellation">Ends it early. Erase the same messages again to complete it.</param>
    /// <returns>What was erased.</returns>
    /// <exception cref="LogMaintenanceException">
    /// A message, a room or a sender is unknown, and nothing was erased. Or it ended early, and the message says what is erased.
    /// </exception>
    public Task<ErasureSummary> EraseAsync(
        MessagesToErase messages, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        log.EraseAsync(messages, progress, cancellation);

    /// <summary>Closes the log, if this has opened it.</summary>
    public ValueTask DisposeAsync() => ownsLog ? log.DisposeAsync() : ValueTask.CompletedTask;

    private async IAsyncEnumerable<TrimStep> RunAsync(
        TrimLimits limits, string? only, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var oldestTime = limits.KeepFor is { } age && age < now - DateTimeOffset.UnixEpoch ? LogTime.ToMicroseconds(now - age) : 0;
        var (done, all) = (0, only is null ? log.Size.Rooms : 1);
        await foreach (var room in RoomsAsync(only, cancellation))
        {
            while (true)
            {
                var begun = time.GetTimestamp();
                var (removed, bounds) = await GuardAsync(
                    $"room {room}", () => trimmer.StepAsync(room, limits, oldestTime, cancellation));
                var took = time.GetElapsedTime(begun);
                if (removed == 0)
                {
                    break;
                }

                yield return new TrimStep(room, removed, bounds, Math.Min(1, (double)done / all));
                if (isShared)
                {
                    await Task.Delay(took, time, cancellation);
                }
            }

            done++;
        }
    }

    private async IAsyncEnumerable<string> RoomsAsync(string? only, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (only is not null)
        {
            yield return (await log.BoundsAsync(only, cancellation)).Head > 0
                ? only
                : throw new LogMaintenanceException($"cannot trim room {only}: there is no such room");
            yield break;
        }

        for (var (last, isLastPage) = ("", false); !isLastPage;)
        {
            var page = await GuardAsync(
                "the log", async () => await log.ListRoomsAsync(last, RoomsPerPage, cancellation));
            foreach (var room in page)
            {
                yield return last = room.Name;
            }

            isLastPage = page.Count < RoomsPerPage;
        }
    }

    private static async Task<T> GuardAsync<T>(string what, Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            var problem = error is StoreUnavailableException or LogDamagedException
                ? error.Message
                : $"the message log has failed: {error.Message}";
            throw new LogMaintenanceException($"cannot trim {what}: {problem}; what was removed until then stays removed", error);
        }
    }
}
