using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.InMemory;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>The logs that must keep the same contract.</summary>
public enum LogKind
{
    InMemory,
    Sqlite,
    Postgres,
}

/// <summary>A test of a log, with control over its batches and its clock.</summary>
public abstract class MessageLogTest(LogKind kind) : IAsyncDisposable
{
    private protected static readonly Refused Unwanted = new(Reason.TooLarge, "text", "unwanted");

    private readonly TempDirectory temp = new();
    private readonly List<IMessageLog> opened = [];
    private string? connectionString;

    private protected BatchGate Gate { get; } = new();

    private protected ManualTime Time { get; } = new();

    private protected LogOptions Options => new() { BeforeCommit = Gate.BeforeCommit, Time = Time };

    /// <summary>A directory for anything that the test needs.</summary>
    private protected string TempPath => temp.Path;

    private protected string DataDirectory => Path.Combine(temp.Path, "data");

    private protected string ConnectionString => connectionString ??= PostgresCluster.Shared.CreateDatabase();

    // The others have one writer, which stores the sends of all rooms in one batch.
    private bool HasWriterPerRoom => kind == LogKind.Postgres;

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

    /// <summary>Opens a log. One that is kept, and was open before in the same test, is opened again.</summary>
    private protected IMessageLog Open(LogOptions? options = null)
    {
        IMessageLog log = kind switch
        {
            LogKind.Sqlite => SqliteMessageLog.Open(DataDirectory, options ?? Options),
            LogKind.Postgres => PostgresMessageLog.Open(ConnectionString, options ?? Options),
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
    /// Sends and waits for the answers: each send in a batch of its own, in this order, or all in one batch. A log with a writer
    /// for each room gets a batch for each room, one after the other.
    /// </summary>
    private protected async Task<AppendResult[]> SendAsync(IMessageLog log, bool inOneBatch, params Append[] sends)
    {
        IEnumerable<Append[]> batches = !inOneBatch ? sends.Select(send => new[] { send })
            : HasWriterPerRoom ? sends.GroupBy(send => send.Room).Select(room => room.ToArray())
            : [sends];
        foreach (var batch in batches)
        {
            var held = inOneBatch ? await HoldWriterAsync(log, batch[0].Room) : null;
            foreach (var send in batch)
            {
                await log.AppendAsync(send, CancellationToken.None).AsTask().WaitAsync(RecordingStream.Deadline);
            }

            held?.Release();
            foreach (var send in batch)
            {
                await ((RecordingStream)send.Stream).AnswerAsync(send);
            }

            // Where a room has a writer, sends that cannot make it come in a batch before those that can.
            if (inOneBatch)
            {
                Assert.Equal(batch, HasWriterPerRoom ? Gate.Batches.SelectMany(sends => sends).TakeLast(batch.Length) : Gate.Batches[^1]);
            }
        }

        return [.. sends.Select(send => send.Result)];
    }

    // A send that stores nothing keeps the writer busy until all others are queued behind it.
    private async Task<HeldBatch> HoldWriterAsync(IMessageLog log, string room)
    {
        var held = Gate.HoldNext();
        await new RecordingStream(log, "filler").HandOverAsync(HasWriterPerRoom ? room : "filler", "filler", refuseIfNew: Unwanted);
        await held.ReachedAsync();
        return held;
    }

    private protected static void AssertFailedOnce(RecordingStream stream)
    {
        Assert.True(stream.HasFailed);
        Assert.Equal(1, stream.Failures);
        Assert.Empty(stream.Answers);
    }
}
