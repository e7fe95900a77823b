using Chat.Service.Rooms;

namespace Chat.Service.Session;

/// <summary>
/// Watches one stream's silence with one timer: a stream that has said nothing for the heartbeat's interval is woken
/// to send one, and a write that has made no progress for the stall limit is given up.
/// </summary>
internal sealed class SessionClock : IAsyncDisposable
{
    private const long NotWriting = 0;

    private readonly TimeProvider time;
    private readonly TimeSpan heartbeat;
    private readonly TimeSpan stallLimit;
    private readonly Doorbell bell;
    private readonly CancellationTokenSource patience;
    private readonly ITimer timer;
    private long lastWritten;
    private long writingSince = NotWriting;

    public SessionClock(ChatOptions options, TimeProvider time, Doorbell bell, CancellationTokenSource patience)
    {
        this.time = time;
        this.bell = bell;
        this.patience = patience;
        heartbeat = options.HeartbeatInterval;
        stallLimit = options.StallLimit;
        lastWritten = time.GetTimestamp();
        timer = time.CreateTimer(
            static clock => ((SessionClock)clock!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(Shortest, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when a heartbeat is due.</summary>
    public bool IsSilent => time.GetElapsedTime(Volatile.Read(ref lastWritten)) >= heartbeat;

    private TimeSpan Shortest => heartbeat < stallLimit ? heartbeat : stallLimit;

    public void WriteBegins() => Volatile.Write(ref writingSince, Math.Max(time.GetTimestamp(), NotWriting + 1));

    public void WriteEnds()
    {
        Volatile.Write(ref lastWritten, time.GetTimestamp());
        Volatile.Write(ref writingSince, NotWriting);
    }

    /// <summary>Waits for a tick that is under way.</summary>
    public ValueTask DisposeAsync() => timer.DisposeAsync();

    // The timer is not set anew with every write; it looks, and comes back when something is due, or may have begun.
    private void Tick()
    {
        var since = Volatile.Read(ref writingSince);
        TimeSpan wait;
        if (since != NotWriting)
        {
            var left = stallLimit - time.GetElapsedTime(since);
            if (left <= TimeSpan.Zero)
            {
                patience.Cancel();
                return;
            }

            wait = left;
        }
        else
        {
            wait = heartbeat - time.GetElapsedTime(Volatile.Read(ref lastWritten));
            if (wait <= TimeSpan.Zero)
            {
                bell.Ring();
                wait = heartbeat;
            }
        }

        timer.Change(wait < Shortest ? wait : Shortest, Timeout.InfiniteTimeSpan);
    }
}
