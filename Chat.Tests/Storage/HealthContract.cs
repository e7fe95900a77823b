using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>What a log says of itself: whether it can be read and written, and whether its writer answers.</summary>
public abstract class HealthContract(LogKind kind) : MessageLogTest(kind)
{
    [Fact]
    public async Task A_log_that_stores_and_reads_has_no_problem()
    {
        var log = Open();
        var changes = 0;
        log.Health.Changed += () => changes++;

        await new RecordingStream(log).SendAsync("room", "1", "one");
        await log.TextsAsync("room");
        await log.TextsAsync("nowhere");

        Assert.Equal((null, null, 0), (log.Health.ReadProblem, log.Health.WriteProblem, changes));
    }

    [Fact]
    public async Task A_log_that_cannot_store_a_batch_says_why_before_the_sender_hears_of_it()
    {
        var log = Open();
        var said = new List<string?>();
        log.Health.Changed += () => said.Add(log.Health.WriteProblem);
        Gate.FailNext(new StoreUnavailableException("the disk is full"));
        var failing = new RecordingStream(log);

        await failing.HandOverAsync("room", "1");
        await failing.FailureAsync();

        Assert.Equal("the disk is full", said[0]);
        Assert.Null(log.Health.ReadProblem);
    }

    [Fact]
    public async Task A_log_that_can_store_again_finds_out_though_nobody_sends()
    {
        var log = Open();
        var recovered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        log.Health.Changed += () =>
        {
            if (log.Health.WriteProblem is null)
            {
                recovered.SetResult();
            }
        };
        Gate.FailNext(new StoreUnavailableException("the disk is full"));
        var failing = new RecordingStream(log);
        await failing.HandOverAsync("room", "1");
        await failing.FailureAsync();

        await recovered.Task.WaitAsync(RecordingStream.Deadline);

        Assert.Single(Gate.Batches);
        Assert.Equal(new LogSize(0, 0), log.Size);
        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("room", "1"));
    }

    [Fact]
    public async Task A_ping_is_answered_by_a_writer_that_has_nothing_to_do_and_by_one_that_goes_on()
    {
        var log = Open();
        await log.PingAsync().WaitAsync(RecordingStream.Deadline);
        var held = Gate.HoldNext();
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "1");
        await held.ReachedAsync();

        var ping = log.PingAsync();
        var another = log.PingAsync();
        Assert.False(ping.IsCompleted);
        held.Release();

        await ping.WaitAsync(RecordingStream.Deadline);
        await another.WaitAsync(RecordingStream.Deadline);
        await ann.AnswersAsync(1);
    }

    [Fact]
    public async Task A_ping_is_answered_by_a_log_that_is_closed()
    {
        var log = Open();
        await CloseAsync(log);

        await log.PingAsync().WaitAsync(RecordingStream.Deadline);
    }
}

public sealed class InMemoryHealthTests() : HealthContract(LogKind.InMemory);

public sealed class SqliteHealthContractTests() : HealthContract(LogKind.Sqlite);

public sealed class PostgresHealthContractTests() : HealthContract(LogKind.Postgres);
