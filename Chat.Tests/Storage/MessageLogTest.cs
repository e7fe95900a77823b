using GrpcChat.AspNetCore.Postgres;
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
    /// Sends in this order and waits for the answers: the sends of each room in one batch, and the rooms in the order of their
    /// first sends; or each send in a batch of its own.
    /// </summary>
    private protected async Task<AppendResult[]> SendAsync(IMessageLog log, bool inOneBatch, params Append[] sends)
    {
        var rooms = sends.GroupBy(send => send.Room).ToList();
        var held = inOneBatch ? await HoldWritersAsync(log, [.. rooms.Select(room => room.Key)]) : [];
        foreach (var send in sends)
        {
            await log.AppendAsync(send, CancellationToken.None).AsTask().WaitAsync(RecordingStream.Deadline);
            if (!inOneBatch)
            {
                await ((RecordingStream)send.Stream).AnswerAsync(send);
            }
        }

        foreach (var (writer, room) in held.Zip(rooms))
        {
            writer.Release();
            foreach (var send in held.Count == 1 ? sends : [.. room])
            {
                await ((RecordingStream)send.Stream).AnswerAsync(send);
            }
        }

        Assert.All(inOneBatch ? rooms : [], room => Assert.Contains(
            Gate.Batches, batch => batch.Where(send => send.Room == room.Key && sends.Contains(send)).SequenceEqual(room)));
        return [.. sends.Select(send => send.Result)];
    }

    // A send that stores nothing keeps each writer busy until all others are queued behind it.
    private async Task<List<HeldBatch>> HoldWritersAsync(IMessageLog log, string[] rooms)
    {
        var filler = new RecordingStream(log, "filler");
        var held = new List<HeldBatch>();
        foreach (var room in HasWriterPerRoom ? rooms : ["filler"])
        {
            held.Add(Gate.HoldNext());
            await filler.HandOverAsync(room, "filler", refuseIfNew: Unwanted);
            await held[^1].ReachedAsync();
        }

        return held;
    }

    private protected static void AssertFailedOnce(RecordingStream stream)
    {
        Assert.True(stream.HasFailed);
        Assert.Equal(1, stream.Failures);
        Assert.Empty(stream.Answers);
    }
}
