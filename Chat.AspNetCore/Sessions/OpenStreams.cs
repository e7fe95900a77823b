namespace Chat.AspNetCore.Sessions;

/// <summary>Counts the streams that are open, and tells when there is none.</summary>
internal sealed class OpenStreams
{
    private readonly object gate = new();
    private TaskCompletionSource? none;

    public int Count { get; private set; }

    public void Begin()
    {
        lock (gate)
        {
            Count++;
        }
    }

    public void End()
    {
        lock (gate)
        {
            if (--Count == 0)
            {
                none?.TrySetResult();
                none = null;
            }
        }
    }

    /// <summary>Completes as soon as no stream is open.</summary>
    public Task WhenNoneAsync()
    {
        lock (gate)
        {
            return Count == 0
                ? Task.CompletedTask
                : (none ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
