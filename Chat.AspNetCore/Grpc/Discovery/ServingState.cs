using Chat.AspNetCore.Storage;

namespace Chat.AspNetCore.Grpc.Discovery;

/// <summary>Whether the service serves now, and how to hear that this has changed.</summary>
internal sealed class ServingState
{
    private readonly IMessageLog log;
    private readonly CancellationToken stop;
    private volatile TaskCompletionSource changed = NewChange();

    public ServingState(IMessageLog log, IHostApplicationLifetime lifetime)
    {
        this.log = log;
        stop = lifetime.ApplicationStopping;
        stop.UnsafeRegister(static state => ((ServingState)state!).Change(), this);
        log.Stopped.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(Change);
    }

    /// <summary>The service stops, and every call must end.</summary>
    public bool IsStopping => stop.IsCancellationRequested;

    /// <summary>The log has not stopped, and neither does the service.</summary>
    public bool IsServing => !IsStopping && !log.Stopped.IsCompleted;

    /// <summary>
    /// Completes at the next change; many may wait for the same one. Taken before the state is looked at, it misses
    /// nothing.
    /// </summary>
    public Task Changed => changed.Task;

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change() => Interlocked.Exchange(ref changed, NewChange()).SetResult();
}
