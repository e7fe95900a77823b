using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>What a log on SQLite says of itself under locks of other processes and with damaged files.</summary>
public sealed class SqliteHealthTests : SqliteMessageLogTest
{
    [Fact]
    public async Task A_lock_of_another_process_is_a_problem_until_it_is_released()
    {
        var log = Open(Options with { LockTimeout = TimeSpan.FromMilliseconds(100) });
        var ann = new RecordingStream(log);
        await ann.SendAsync("room", "1", "one");
        using var other = Connect();
        SqliteLogFile.Execute(other, "BEGIN IMMEDIATE");
        var failing = new RecordingStream(log);
        await failing.HandOverAsync("room", "2");
        await failing.FailureAsync();

        Assert.Equal("another process has locked the database", log.Health.WriteProblem);
        Assert.Null(log.Health.ReadProblem);

        // It looks again, and the problem is still there.
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        Assert.Equal("another process has locked the database", log.Health.WriteProblem);

        SqliteLogFile.Execute(other, "ROLLBACK");
        await UntilAsync(log, () => log.Health.WriteProblem is null);

        Assert.Equal(["one"], await log.TextsAsync("room"));
        Assert.Equal(SqliteSchema.Version, (long)Scalar(other, "PRAGMA user_version")!);
        Assert.DoesNotContain(Directory.GetFiles(DataDirectory), path => path.EndsWith(".probe", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reads_of_other_rooms_do_not_end_a_problem_and_the_read_that_failed_does()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("good", "1", "one");
        await new RecordingStream(log, "bob").SendAsync("bad", "1", "two");
        using var other = Connect();

        // The name of the second sender cannot be read.
        SqliteLogFile.Execute(other, """
            ALTER TABLE sender RENAME TO hidden;
            CREATE VIEW sender AS
                SELECT sender_id, CASE sender_id WHEN 2 THEN json_extract('{', '$') ELSE name END AS name FROM hidden;
            """);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => log.TextsAsync("bad"));

        Assert.Contains("malformed JSON", log.Health.ReadProblem, StringComparison.Ordinal);
        Assert.Null(log.Health.WriteProblem);
        Assert.Equal(["one"], await log.TextsAsync("good"));
        Assert.NotEmpty(await log.ListRoomsAsync("bad", 10, default));
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        Assert.NotNull(log.Health.ReadProblem);

        SqliteLogFile.Execute(other, "DROP VIEW sender; ALTER TABLE hidden RENAME TO sender");
        await UntilAsync(log, () => log.Health.ReadProblem is null);

        Assert.Equal(["two"], await log.TextsAsync("bad"));
    }

    [Fact]
    public async Task Damage_is_a_problem_until_the_log_is_opened_again()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("good", "1", "one");
        await new RecordingStream(log).SendAsync("bad", "1", "two");
        using var other = Connect();
        SqliteLogFile.Execute(other, """
            CREATE TEMP TABLE kept AS SELECT * FROM message WHERE text = 'two';
            DELETE FROM message WHERE text = 'two'
            """);

        await Assert.ThrowsAsync<LogDamagedException>(() => log.TextsAsync("bad"));

        const string Problem = "room bad: message 1 is missing";
        Assert.Equal((Problem, null), (log.Health.ReadProblem, log.Health.WriteProblem));
        Assert.Equal(["one"], await log.TextsAsync("good"));
        SqliteLogFile.Execute(other, "INSERT INTO message SELECT * FROM kept");
        Assert.Equal(["two"], await log.TextsAsync("bad"));
        await new RecordingStream(log).SendAsync("good", "2");
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        Assert.Equal(Problem, log.Health.ReadProblem);

        await CloseAsync(log);
        Assert.Null(Open().Health.ReadProblem);
    }

    [Fact]
    public async Task A_damaged_page_is_a_problem_of_reading_from_the_first_read_that_meets_it()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        await CloseAsync(log);
        OverwriteRootPageOf("message");
        log = Open();
        Assert.Null(log.Health.ReadProblem);

        await Assert.ThrowsAsync<LogDamagedException>(() => log.PageAsync("room"));

        Assert.Contains("malformed", log.Health.ReadProblem, StringComparison.Ordinal);
        Assert.Null(log.Health.WriteProblem);
    }

    private static async Task UntilAsync(IMessageLog log, Func<bool> holds)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        log.Health.Changed += () =>
        {
            if (holds())
            {
                changed.TrySetResult();
            }
        };
        if (!holds())
        {
            await changed.Task.WaitAsync(RecordingStream.Deadline);
        }
    }
}
