using Chat.AspNetCore.Rooms;

namespace Chat.AspNetCore.Sessions;

/// <summary>
/// Watches one stream with one timer: a stream that has said nothing for the heartbeat's interval is woken to send one, a
/// write that has made no progress for the stall limit is given up, and so is a stream that has to end and does not.
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
    private readonly Lock gate = new();
    private TimeSpan? timeToEnd;
    private long endingSince;
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

    /// <summary>The stream has to end: after so long its client is given up, whatever it takes.</summary>
    public void EndWithin(TimeSpan limit)
    {
        lock (gate)
        {
            endingSince = time.GetTimestamp();
            timeToEnd = limit;
            ComeBackAfter(limit);
        }
    }

    /// <summary>Waits for a tick that is under way.</summary>
    public ValueTask DisposeAsync() => timer.DisposeAsync();

    // The timer is not set anew with every write; it looks, and comes back when something is due, or may have begun.
    private void Tick()
    {
        lock (gate)
        {
            var wait = UntilPatienceEnds();
            if (wait > TimeSpan.Zero)
            {
                var silence = UntilHeartbeat();
                ComeBackAfter(silence < wait ? silence : wait);
                return;
            }
        }

        patience.Cancel();
        bell.Ring();
    }

    // A timer counts whole milliseconds: with none it would come back at once, and find that nothing is due yet.
    private void ComeBackAfter(TimeSpan wait)
    {
        var least = TimeSpan.FromMilliseconds(1);
        wait = wait < Shortest ? wait : Shortest;
        timer.Change(wait > least ? wait : least, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan UntilPatienceEnds()
    {
        var since = Volatile.Read(ref writingSince);
        var stall = since == NotWriting ? TimeSpan.MaxValue : stallLimit - time.GetElapsedTime(since);
        var end = timeToEnd is { } limit ? limit - time.GetElapsedTime(endingSince) : TimeSpan.MaxValue;
        return stall < end ? stall : end;
    }

    // Rings where it is due. A stream that is writing is not silent.
    private TimeSpan UntilHeartbeat()
    {
        if (Volatile.Read(ref writingSince) != NotWriting)
        {
            return TimeSpan.MaxValue;
        }

        var left = heartbeat - time.GetElapsedTime(Volatile.Read(ref lastWritten));
        if (left > TimeSpan.Zero)
        {
            return left;
        }

        bell.Ring();
        return heartbeat;
    }
}
