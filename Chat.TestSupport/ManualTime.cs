namespace GrpcChat.TestSupport;

/// <summary>A clock that stands still until a test moves it; its timers ring then.</summary>
internal sealed class ManualTime : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private readonly object gate = new();
    private readonly List<ManualTimer> timers = [];
    private readonly List<(long DueAt, TaskCompletionSource IsSet)> awaited = [];
    private long elapsedTicks = 1;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(Interlocked.Read(ref elapsedTicks));

    public override long GetTimestamp() => Interlocked.Read(ref elapsedTicks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock, and calls what is due on this thread, one due time after the other.</summary>
    public void Advance(TimeSpan by)
    {
        var until = GetTimestamp() + by.Ticks;
        while (NextDue(until) is { } timer)
        {
            timer.Fire();
        }

        Interlocked.Exchange(ref elapsedTicks, until);
    }

    /// <summary>Ends when a timer is set that rings in so long.</summary>
    public Task UntilDueAsync(TimeSpan left)
    {
        lock (gate)
        {
            var due = GetTimestamp() + left.Ticks;
            if (timers.Any(timer => timer.DueAt == due))
            {
                return Task.CompletedTask;
            }

            var isSet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            awaited.Add((due, isSet));
            return isSet.Task.WaitAsync(ChatCall.Deadline);
        }
    }

    private ManualTimer? NextDue(long until)
    {
        lock (gate)
        {
            var next = timers.MinBy(timer => timer.DueAt);
            if (next is null || next.DueAt > until)
            {
                return null;
            }

            Interlocked.Exchange(ref elapsedTicks, Math.Max(elapsedTicks, next.DueAt));
            timers.Remove(next);
            return next;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private bool isDisposed;

        public long DueAt { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan)
            {
                throw new NotSupportedException("Nothing here rings periodically.");
            }

            lock (time.gate)
            {
                time.timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan && !isDisposed)
                {
                    DueAt = time.GetTimestamp() + dueTime.Ticks;
                    time.timers.Add(this);
                    foreach (var (_, isSet) in time.awaited.Where(awaited => awaited.DueAt == DueAt))
                    {
                        isSet.TrySetResult();
                    }
                }
            }

            return true;
        }

        public void Dispose()
        {
            isDisposed = true;
            Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
