using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.TestSupport;

/// <summary>
/// Stands in the log's writer just before it commits: it remembers the batches, and holds or fails those that a test
/// asked it to.
/// </summary>
internal sealed class BatchGate
{
    private readonly object gate = new();
    private readonly Queue<HeldBatch> plan = [];
    private readonly List<HeldBatch> all = [];
    private readonly List<Append[]> batches = [];

    /// <summary>The batches that came to their commit, the newest last.</summary>
    public IReadOnlyList<Append[]> Batches
    {
        get
        {
            lock (gate)
            {
                return [.. batches];
            }
        }
    }

    /// <summary>For <see cref="LogOptions.BeforeCommit"/>.</summary>
    public void BeforeCommit(IReadOnlyList<Append> batch)
    {
        HeldBatch? held;
        lock (gate)
        {
            batches.Add([.. batch]);
            plan.TryDequeue(out held);
        }

        held?.Pass();
    }

    /// <summary>
    /// Holds the next batch that nothing is planned for yet; let go, it commits or fails with the error.
    /// </summary>
    public HeldBatch HoldNext(Exception? error = null)
    {
        var held = new HeldBatch(error);
        lock (gate)
        {
            plan.Enqueue(held);
            all.Add(held);
        }

        return held;
    }

    /// <summary>Fails the next batch that nothing is planned for yet.</summary>
    public void FailNext(Exception error) => HoldNext(error).Release();

    /// <summary>Lets go of everything, so that a test which failed does not leave a writer behind.</summary>
    public void Open()
    {
        lock (gate)
        {
            all.ForEach(held => held.Release());
        }
    }
}

/// <summary>One batch that is held before its commit.</summary>
internal sealed class HeldBatch(Exception? error)
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the writer stands before the commit.</summary>
    public Task ReachedAsync() => reached.Task.WaitAsync(RecordingStream.Deadline);

    public void Release() => released.TrySetResult();

    /// <summary>For the writer's thread.</summary>
    public void Pass()
    {
        reached.SetResult();
        if (!released.Task.Wait(RecordingStream.Deadline))
        {
            throw new TimeoutException("The test never let the batch go.");
        }

        if (error is not null)
        {
            throw error;
        }
    }
}
