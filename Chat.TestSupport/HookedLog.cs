using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.TestSupport;

/// <summary>
/// A log with places to stand: each hook runs once, at its point, and whoever called the log waits for it.
/// </summary>
internal sealed class HookedLog(IMessageLog inner) : IMessageLog
{
    /// <summary>A page is about to be read.</summary>
    public Func<Task>? BeforeNextRead { get; set; }

    /// <summary>A page has been read and not been handed back yet.</summary>
    public Func<Task>? AfterNextRead { get; set; }

    /// <summary>A room's bounds have been read and not been handed back yet.</summary>
    public Func<Task>? AfterNextBounds { get; set; }

    public string LogId => inner.LogId;

    public string Location => inner.Location;

    public LogSize Size => inner.Size;

    public Task Stopped => inner.Stopped;

    public int QueuedSends => inner.QueuedSends;

    /// <summary>The log's own, unless a test says itself how the log is.</summary>
    public LogHealth Health { get; init; } = inner.Health;

    public event Action<RoomCommit>? Committed
    {
        add => inner.Committed += value;
        remove => inner.Committed -= value;
    }

    public event Action<string>? Erased
    {
        add => inner.Erased += value;
        remove => inner.Erased -= value;
    }

    public ValueTask AppendAsync(Append append, CancellationToken cancellation) => inner.AppendAsync(append, cancellation);

    public Task PingAsync() => inner.PingAsync();

    public Task<ErasureSummary> EraseAsync(MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation) =>
        inner.EraseAsync(messages, progress, cancellation);

    public async ValueTask<RoomBounds> BoundsAsync(string room, CancellationToken cancellation)
    {
        var bounds = await inner.BoundsAsync(room, cancellation);
        if (AfterNextBounds is { } hook)
        {
            AfterNextBounds = null;
            await hook();
        }

        return bounds;
    }

    public async ValueTask<bool> ReadAsync(
        string room,
        long after,
        long through,
        IMessageSink sink,
        CancellationToken cancellation)
    {
        if (BeforeNextRead is { } before)
        {
            BeforeNextRead = null;
            await before();
        }

        var isKept = await inner.ReadAsync(room, after, through, sink, cancellation);
        if (AfterNextRead is { } hook)
        {
            AfterNextRead = null;
            await hook();
        }

        return isKept;
    }

    public Task<RoomBounds> TrimAsync(string room, long through, CancellationToken cancellation) =>
        inner.TrimAsync(room, through, cancellation);

    public ValueTask<IReadOnlyList<RoomSummary>> ListRoomsAsync(
        string after,
        int count,
        CancellationToken cancellation) =>
        inner.ListRoomsAsync(after, count, cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
