using System.Threading.Tasks.Sources;

namespace GrpcChat.Shared;

/// <summary>
/// Tells one waiter to look again. A signal is never lost and never piles up: however often it was set since the last
/// wait ended, the next wait ends once. It carries no data, and waiting allocates nothing. A waiter that may be
/// cancelled sets the signal when its token is cancelled, and then looks at the token first.
/// </summary>
internal sealed class WakeSignal : IValueTaskSource, IThreadPoolWorkItem
{
    private const int Unset = 0;
    private const int IsSet = 1;
    private const int Awaited = 2;

    private ManualResetValueTaskSourceCore<bool> wait;
    private int state;

    /// <summary>
    /// Wakes the waiter. May be called from any thread at any time. The waiter continues on the thread pool and never
    /// on the caller's thread, which is often the log's writer. Waiters continue in the order in which they were woken.
    /// </summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref state, IsSet) == Awaited)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>
    /// Completes once the signal has been set since the last wait ended. Only one caller may wait at a time.
    /// </summary>
    public ValueTask WaitAsync()
    {
        wait.Reset();
        if (Interlocked.CompareExchange(ref state, Awaited, Unset) == IsSet)
        {
            Interlocked.Exchange(ref state, Unset);
            return ValueTask.CompletedTask;
        }

        return new ValueTask(this, wait.Version);
    }

    void IThreadPoolWorkItem.Execute() => wait.SetResult(true);

    void IValueTaskSource.GetResult(short token)
    {
        wait.GetResult(token);

        // A full fence: the waiter must not read what it looks at next before the signal is unset, or a wake-up is
        // lost.
        Interlocked.Exchange(ref state, Unset);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags) => wait.OnCompleted(continuation, state, token, flags);
}
