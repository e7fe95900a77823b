using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>Locks of other processes and damaged files: what they mean for reads, sends and the log.</summary>
public sealed class SqliteFaultTests : SqliteMessageLogTest
{
    [Fact]
    public async Task A_database_that_another_process_locks_too_long_fails_streams_and_not_the_log()
    {
        var log = Open(Options with { LockTimeout = TimeSpan.FromMilliseconds(200) });
        await new RecordingStream(log).SendAsync("room", "1", "one");
        using var other = Connect();
        SqliteLogFile.Execute(other, "BEGIN IMMEDIATE");

        for (var attempt = 0; attempt < 2; attempt++)
        {
            var failing = new RecordingStream(log, "new sender");
            await failing.HandOverAsync("room", "2", "two");
            await failing.HandOverAsync("new", "3", "three");
            await failing.FailureAsync();
            AssertFailedOnce(failing);
        }

        Assert.False(log.Stopped.IsCompleted);
        Assert.Equal(["one"], await log.TextsAsync("room"));
        SqliteLogFile.Execute(other, "ROLLBACK");

        var again = new RecordingStream(log, "new sender");
        Assert.Equal(AppendResult.Stored(2), await again.SendAsync("room", "2", "two"));
        Assert.Equal(AppendResult.Stored(1), await again.SendAsync("new", "3", "three"));
        Assert.Equal(["one", "two"], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task A_send_waits_for_a_lock_that_is_released_in_time()
    {
        var log = Open(Options with { LockTimeout = RecordingStream.Deadline });
        using var other = Connect();
        SqliteLogFile.Execute(other, "BEGIN IMMEDIATE");
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "1");
        Assert.Empty(Gate.Batches);

        SqliteLogFile.Execute(other, "ROLLBACK");

        await ann.AnswersAsync(1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(501)]
    [InlineData(700)]
    public async Task A_missing_message_is_never_skipped(int missing)
    {
        var log = Open();
        var ann = new RecordingStream(log);
        var count = missing > 5 ? 700 : 5;
        for (var id = 1; id <= count; id++)
        {
            await ann.HandOverAsync("room", $"{id}");
        }

        await ann.AnswersAsync(count);
        await ann.SendAsync("next", "1");
        await CloseAsync(log);
        using (var other = Connect())
        {
            SqliteLogFile.Execute(other, $"DELETE FROM message WHERE position = (1 << 40) + {missing}");
        }

        log = Open();
        var sink = new CollectingSink();
        var error = await Assert.ThrowsAsync<LogDamagedException>(async () =>
        {
            while (true)
            {
                var before = sink.Messages.Count;
                await log.ReadAsync("room", before, sink);
                Assert.NotEqual(before, sink.Messages.Count);
            }
        });
        Assert.Contains($"message {missing} is missing", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            Enumerable.Range(1, missing - 1).Select(id => (long)id),
            sink.Messages.Select(message => message.Id));
        Assert.Single(await log.PageAsync("next"));
    }

    [Fact]
    public async Task A_damaged_page_fails_reads_and_ends_the_log_when_it_is_written()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        await CloseAsync(log);
        OverwriteRootPageOf("message");

        log = Open();
        await Assert.ThrowsAsync<LogDamagedException>(() => log.PageAsync("room"));
        Assert.False(log.Stopped.IsCompleted);

        var refused = new RecordingStream(log);
        await refused.HandOverAsync("room", "2");
        await refused.FailureAsync();
        Assert.False(log.Stopped.IsCompleted);

        var ann = new RecordingStream(log);
        await ann.HandOverAsync("other", "3");
        await ann.FailureAsync();
        await Assert.ThrowsAsync<SqliteException>(() => StoppedAsync(log));
        AssertFailedOnce(ann);
        await CloseAsync(log);
    }
}
