using System.Threading.Tasks.Sources;

namespace Chat.AspNetCore.Rooms;

/// <summary>
/// Tells one waiter to look again. A ring is never lost and never piles up: however often it rang since the last wait,
/// the next wait ends once. It carries no data, and waiting allocates nothing.
/// </summary>
internal sealed class Doorbell : IValueTaskSource, IThreadPoolWorkItem
{
    private const int Quiet = 0;
    private const int Rung = 1;
    private const int Awaited = 2;

    private ManualResetValueTaskSourceCore<bool> wait;
    private int state;

    /// <summary>
    /// May be called from any thread, at any time. The one who rings, often the log's writer, does not run what the waiter
    /// does next; and those who wait have their turn in the order of the rings, none before another that rang earlier.
    /// </summary>
    public void Ring()
    {
        if (Interlocked.Exchange(ref state, Rung) == Awaited)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Ends when the bell has rung since the last wait ended. Only one may wait at a time.</summary>
    public ValueTask WaitAsync()
    {
        wait.Reset();
        if (Interlocked.CompareExchange(ref state, Awaited, Quiet) == Rung)
        {
            Interlocked.Exchange(ref state, Quiet);
            return ValueTask.CompletedTask;
        }

        return new ValueTask(this, wait.Version);
    }

    void IThreadPoolWorkItem.Execute() => wait.SetResult(true);

    void IValueTaskSource.GetResult(short token)
    {
        wait.GetResult(token);

        // A full fence: what the waiter looks at next must not be read before the bell is quiet, or a ring is lost.
        Interlocked.Exchange(ref state, Quiet);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags) => wait.OnCompleted(continuation, state, token, flags);
}
