using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Queries;

/// <summary>An append stream of one send, whose answer can be awaited.</summary>
internal sealed class SendOnce : AppendStream
{
    // The log's writer sets the answer. It must not run the caller's continuation.
    private readonly TaskCompletionSource<AppendResult> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The log's answer.</summary>
    /// <exception cref="StoreUnavailableException">The message may be stored or not.</exception>
    /// <exception cref="LogDamagedException">The room is damaged, and the message is not stored.</exception>
    public Task<AppendResult> Answer => answer.Task;

    public override void OnAnswered(Append append) => answer.SetResult(append.Result);

    protected override void OnFailed() =>
        answer.SetException(Failure as LogDamagedException ?? (Exception)new StoreUnavailableException(Failure!.Message, Failure));
}
