using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.InMemory;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>The logs that must keep the same contract.</summary>
public enum LogKind
{
    InMemory,
    Sqlite,
}

/// <summary>A test of a log, with control over its batches and its clock.</summary>
public abstract class MessageLogTest(LogKind kind) : IAsyncDisposable
{
    private protected static readonly Refused Unwanted = new(Reason.TooLarge, "text", "unwanted");

    private readonly TempDirectory temp = new();
    private readonly List<IMessageLog> opened = [];

    private protected BatchGate Gate { get; } = new();

    private protected ManualTime Time { get; } = new();

    private protected LogOptions Options => new() { BeforeCommit = Gate.BeforeCommit, Time = Time };

    /// <summary>A directory for anything that the test needs.</summary>
    private protected string TempPath => temp.Path;

    private protected string DataDirectory => Path.Combine(temp.Path, "data");

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            Gate.Open();
            foreach (var log in opened.ToArray())
            {
                await CloseAsync(log);

                // Throws if an error ended the log. A test that expects one closes the log itself.
                await log.Stopped;
            }
        }
        finally
        {
            temp.Dispose();
        }
    }

    /// <summary>Opens a log. A SQLite log that was open before in the same test is opened again.</summary>
    private protected IMessageLog Open(LogOptions? options = null)
    {
        IMessageLog log = kind switch
        {
            LogKind.Sqlite => SqliteMessageLog.Open(DataDirectory, options ?? Options),
            _ => new InMemoryMessageLog(options ?? Options),
        };
        opened.Add(log);
        return log;
    }

    private protected async Task CloseAsync(IMessageLog log)
    {
        opened.Remove(log);
        await log.DisposeAsync().AsTask().WaitAsync(RecordingStream.Deadline);
    }

    private protected static Task StoppedAsync(IMessageLog log) => log.Stopped.WaitAsync(RecordingStream.Deadline);

    /// <summary>
    /// Sends in this order and waits for the answers: all in one batch, or each in a batch of its own.
    /// </summary>
    private protected async Task<AppendResult[]> SendAsync(IMessageLog log, bool inOneBatch, params Append[] sends)
    {
        var filler = new RecordingStream(log, "filler");
        var held = inOneBatch ? Gate.HoldNext() : null;
        if (held is not null)
        {
            // Stores nothing, but keeps the writer busy until all others are queued behind it.
            await filler.HandOverAsync("filler", "offset", refuseIfNew: Unwanted);
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

    private protected static void AssertFailedOnce(RecordingStream stream)
    {
        Assert.True(stream.HasFailed);
        Assert.Equal(1, stream.Failures);
        Assert.Empty(stream.Answers);
    }
}
