namespace GrpcChat.AspNetCore.Sessions;

/// <summary>Counts the calls that are open, and tells when there are none.</summary>
internal sealed class OpenCalls
{
    private readonly Lock gate = new();
    private TaskCompletionSource? none;

    public int Count { get; private set; }

    /// <summary>A call has begun.</summary>
    public void Begin()
    {
        lock (gate)
        {
            Count++;
        }
    }

    /// <summary>A call has ended.</summary>
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

    /// <summary>Completes as soon as no call is open.</summary>
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
