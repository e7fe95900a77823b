namespace GrpcChat.AspNetCore.Storage.GroupCommit;

/// <summary>Work for the log's writer thread, between two batches.</summary>
internal abstract class WriterStep
{
    /// <summary>Does the work, and answers. What it throws is not an answer yet: call <see cref="Fail"/>.</summary>
    public abstract void Run();

    /// <summary>Answers with an error, unless there is an answer.</summary>
    public abstract void Fail(Exception error);
}

/// <summary>The same, with a result.</summary>
internal sealed class WriterStep<T>(Func<T> work) : WriterStep
{
    // The writer must not run the asker's continuation.
    private readonly TaskCompletionSource<T> result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Result => result.Task;

    public override void Run() => result.SetResult(work());

    public override void Fail(Exception error) => result.TrySetException(error);
}
