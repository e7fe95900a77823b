using GrpcChat.AspNetCore.Rooms;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// Watches one session with one timer. It wakes a session that has sent nothing for the heartbeat interval, gives up a write
/// that has made no progress for the stall limit, ends a session whose credentials expire, and gives up a session that has to end and
/// does not.
/// </summary>
internal sealed class SessionClock : IAsyncDisposable
{
    private const long NotWriting = 0;

    private readonly TimeProvider time;
    private readonly TimeSpan heartbeatInterval;
    private readonly TimeSpan stallLimit;
    private readonly WakeSignal wakeSignal;
    private readonly SessionStop stop;
    private readonly CancellationTokenSource stallTimeout;
    private readonly DateTimeOffset? expiresAt;
    private readonly TimeSpan timeToEnd;
    private readonly ITimer timer;
    private readonly Lock gate = new();
    private bool isEnding;
    private long endingSince;
    private long lastWritten;
    private long writingSince = NotWriting;

    /// <param name="options">The limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="wakeSignal">Set when a heartbeat is due or the client is given up.</param>
    /// <param name="stop">Requested when the credentials have expired.</param>
    /// <param name="stallTimeout">Cancelled when the client is given up.</param>
    /// <param name="expiresAt">When the credentials expire; null = never.</param>
    public SessionClock(
        ChatOptions options,
        TimeProvider time,
        WakeSignal wakeSignal,
        SessionStop stop,
        CancellationTokenSource stallTimeout,
        DateTimeOffset? expiresAt)
    {
        this.time = time;
        this.wakeSignal = wakeSignal;
        this.stop = stop;
        this.stallTimeout = stallTimeout;
        this.expiresAt = expiresAt;
        timeToEnd = DrainLimits.Of(options).Sessions;
        heartbeatInterval = options.HeartbeatInterval;
        stallLimit = options.StallLimit;
        lastWritten = time.GetTimestamp();
        timer = time.CreateTimer(
            static clock => ((SessionClock)clock!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        TickAfter(TimeUntilExpired());
    }

    public bool IsHeartbeatDue => time.GetElapsedTime(Volatile.Read(ref lastWritten)) >= heartbeatInterval;

    // A write can start just after a tick, so the next tick is never later than the shorter of the two limits.
    private TimeSpan MaxWait => heartbeatInterval < stallLimit ? heartbeatInterval : stallLimit;

    public void OnWriteStarted() => Volatile.Write(ref writingSince, Math.Max(time.GetTimestamp(), NotWriting + 1));

    public void OnWriteEnded()
    {
        Volatile.Write(ref lastWritten, time.GetTimestamp());
        Volatile.Write(ref writingSince, NotWriting);
    }

    /// <summary>The session has to end: its client is given up after a part of the drain limit, whatever it takes.</summary>
    public void EndSoon()
    {
        lock (gate)
        {
            if (!isEnding)
            {
                (isEnding, endingSince) = (true, time.GetTimestamp());
                TickAfter(timeToEnd);
            }
        }
    }

    /// <summary>Waits for a tick that is running.</summary>
    public ValueTask DisposeAsync() => timer.DisposeAsync();

    // Writes do not reset the timer. A tick looks at what is due and sets the time of the next one.
    private void Tick()
    {
        var expired = TimeUntilExpired();
        if (expired <= TimeSpan.Zero && stop.Reason is null)
        {
            stop.Request(SessionEndReason.CredentialsExpired);
            EndSoon();
            wakeSignal.Set();
            return;
        }

        lock (gate)
        {
            var wait = TimeUntilGivenUp();
            if (wait > TimeSpan.Zero)
            {
                var heartbeat = TimeUntilHeartbeat();
                wait = heartbeat < wait ? heartbeat : wait;
                TickAfter(stop.Reason is null && expired < wait ? expired : wait);
                return;
            }
        }

        stallTimeout.Cancel();
        wakeSignal.Set();
    }

    // A timer counts whole milliseconds. With less than one it would fire at once and find nothing due yet.
    private void TickAfter(TimeSpan wait)
    {
        var least = TimeSpan.FromMilliseconds(1);
        wait = wait < MaxWait ? wait : MaxWait;
        timer.Change(wait > least ? wait : least, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan TimeUntilExpired() => expiresAt is { } at ? at - time.GetUtcNow() : TimeSpan.MaxValue;

    private TimeSpan TimeUntilGivenUp()
    {
        var since = Volatile.Read(ref writingSince);
        var stall = since == NotWriting ? TimeSpan.MaxValue : stallLimit - time.GetElapsedTime(since);
        var end = isEnding ? timeToEnd - time.GetElapsedTime(endingSince) : TimeSpan.MaxValue;
        return stall < end ? stall : end;
    }

    // Wakes the session when a heartbeat is due. A session that is writing needs none.
    private TimeSpan TimeUntilHeartbeat()
    {
        if (Volatile.Read(ref writingSince) != NotWriting)
        {
            return TimeSpan.MaxValue;
        }

        var left = heartbeatInterval - time.GetElapsedTime(Volatile.Read(ref lastWritten));
        if (left > TimeSpan.Zero)
        {
            return left;
        }

        wakeSignal.Set();
        return heartbeatInterval;
    }
}
