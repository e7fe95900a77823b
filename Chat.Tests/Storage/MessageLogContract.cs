using Chat.AspNetCore.Storage;
using Chat.TestSupport;
using Chat.V1;
using Xunit;

namespace Chat.Tests.Storage;

/// <summary>
/// What every log promises, whatever it keeps its messages in. The parts: keys, reading, rooms, failures, hand-over.
/// </summary>
public abstract partial class MessageLogContract : IAsyncDisposable
{
    private protected static readonly Refused Unwanted = new(Reason.TooLarge, "text", "unwanted");

    private readonly List<IMessageLog> opened = [];

    private protected BatchGate Gate { get; } = new();

    private protected ManualTime Time { get; } = new();

    private protected LogOptions Options => new() { BeforeCommit = Gate.BeforeCommit, Time = Time };

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Gate.Open();
        foreach (var log in opened.ToArray())
        {
            await CloseAsync(log);

            // Throws what ended the log, where the test did not expect that and close it itself.
            await log.Stopped;
        }
    }

    /// <summary>Opens a log: where one has been open in this test, that one again if it outlives its process.</summary>
    private protected abstract IMessageLog OpenLog(LogOptions options);

    private protected IMessageLog Open(LogOptions? options = null)
    {
        var log = OpenLog(options ?? Options);
        opened.Add(log);
        return log;
    }

    private protected async Task CloseAsync(IMessageLog log)
    {
        opened.Remove(log);
        await log.DisposeAsync().AsTask().WaitAsync(RecordingStream.Deadline);
    }

    /// <summary>Sends in this order and waits for the answers: all in one batch, or each in one of its own.</summary>
    private protected async Task<AppendResult[]> SendAsync(IMessageLog log, bool inOneBatch, params Append[] sends)
    {
        var filler = new RecordingStream(log, "filler");
        var held = inOneBatch ? Gate.HoldNext() : null;
        if (held is not null)
        {
            // Stores nothing, but occupies the writer until all the others wait behind it.
            await filler.HandOverAsync("filler", "key", refuseIfNew: Unwanted);
            await held.ReachedAsync();
        }

        foreach (var send in sends)
        {
            await log.AppendAsync(send, CancellationToken.None).AsTask().WaitAsync(RecordingStream.Deadline);
            if (held is null)
            {
                await ((RecordingStream)send.Stream).AnswerAsync(send);
            }
        }

        held?.Release();
        foreach (var send in sends)
        {
            await ((RecordingStream)send.Stream).AnswerAsync(send);
        }

        if (inOneBatch)
        {
            Assert.Equal(sends, Gate.Batches[^1]);
        }

        return [.. sends.Select(send => send.Result)];
    }
}
