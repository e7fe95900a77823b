using Chat.AspNetCore.Storage;

namespace Chat.AspNetCore.Queries;

/// <summary>A stream of one send, whose answer can be awaited.</summary>
internal sealed class SendOnce : AppendStream
{
    // The log's writer, which answers, must not run what the caller does next.
    private readonly TaskCompletionSource<AppendResult> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What became of the send.</summary>
    /// <exception cref="StoreUnavailableException">Nobody knows.</exception>
    public Task<AppendResult> Answer => answer.Task;

    public override void OnAnswered(Append append) => answer.SetResult(append.Result);

    protected override void OnFailed() =>
        answer.SetException(new StoreUnavailableException(Failure!.Message, Failure));
}
