using System.Text;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.Bench.Micro;

/// <summary>A stream of sends that appends many at once and waits until all of them are answered.</summary>
internal sealed class Batches(IMessageLog log) : AppendStream
{
    private const int TextBytes = 120;

    private readonly byte[] text = Encoding.ASCII.GetBytes(new string('x', TextBytes));
    private readonly string clientId = Guid.NewGuid().ToString("N");
    private TaskCompletionSource answered = new();
    private long sent;
    private int unanswered;

    public async Task AppendAsync(string room, int count)
    {
        answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref unanswered, count);
        for (var n = 0; n < count; n++)
        {
            await log.AppendAsync(new Append(this, room, "sender", $"{clientId}-{sent++}", text), CancellationToken.None);
        }

        await answered.Task;
    }

    public override void OnAnswered(Append append)
    {
        if (append.Result.Refused is { } why)
        {
            answered.TrySetException(new InvalidOperationException(why.Description));
        }
        else if (Interlocked.Decrement(ref unanswered) == 0)
        {
            answered.SetResult();
        }
    }

    protected override void OnFailed() => answered.TrySetException(Failure!);
}
