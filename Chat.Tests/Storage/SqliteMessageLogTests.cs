using System.Runtime.Versioning;
using Chat.AspNetCore.Storage;
using Chat.AspNetCore.Storage.Sqlite;
using Chat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Chat.Tests.Storage;

/// <summary>The contract, kept in a SQLite database; and what only a log with files can be asked.</summary>
public class SqliteMessageLogTests : MessageLogContract
{
    private readonly TempDirectory temp = new();

    private static string LargeText { get; } = new('x', 16 * 1024);

    private string DataDirectory => Path.Combine(temp.Path, "data");

    private string DatabasePath => Path.Combine(DataDirectory, "chat.db");

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            temp.Dispose();
        }
    }

    private protected override IMessageLog OpenLog(LogOptions options) => SqliteMessageLog.Open(DataDirectory, options);

    [Fact]
    public async Task Keys_are_known_after_reopening()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1", "one");
        await new RecordingStream(log).SendAsync("room", "2", "two");
        log = await ReopenAsync(log);

        var ann = new RecordingStream(log);
        Assert.Equal(
            [AppendResult.Found(2), Refusals.OffsetReused, AppendResult.Found(1), AppendResult.Stored(3)],
            await SendAsync(
                log,
                inOneBatch: true,
                ann.NewSend("room", "2", "two", Unwanted),
                ann.NewSend("room", "1", "two"),
                ann.NewSend("room", "1", "one"),
                new RecordingStream(log, "bob").NewSend("room", "1", "one")));
        Assert.Equal(["one", "two", "one"], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task What_was_stored_is_there_after_reopening_and_the_ids_go_on()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        await ann.SendAsync("room", "1", "one");
        await ann.SendAsync("other", "1", "elsewhere");
        Time.Advance(TimeSpan.FromSeconds(1));
        await ann.SendAsync("room", "2", "two");
        var (logId, room, other) = (log.LogId, await log.PageAsync("room"), await log.PageAsync("other"));

        log = await ReopenAsync(log);

        Assert.Equal(logId, log.LogId);
        Assert.Equal(new LogSize(2, 3), log.Size);
        Assert.Equal(new RoomBounds(1, 2), await log.BoundsAsync("room"));
        Assert.Equal(room, await log.PageAsync("room"));
        Assert.Equal(other, await log.PageAsync("other"));

        var bob = new RecordingStream(log, "bob");
        Assert.Equal(AppendResult.Stored(3), await bob.SendAsync("room", "3", "three"));
        Assert.Equal(AppendResult.Stored(1), await bob.SendAsync("new", "3", "first"));
        log = await ReopenAsync(log);

        Assert.Equal(["one", "two", "three"], await log.TextsAsync("room"));
        Assert.Equal(["elsewhere"], await log.TextsAsync("other"));
        Assert.Equal(["first"], await log.TextsAsync("new"));
        Assert.Equal(new LogSize(3, 5), log.Size);
    }

    [Fact]
    public async Task What_a_failed_batch_would_have_stored_is_not_there_after_reopening()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1", "one");
        Gate.FailNext(new StoreUnavailableException("the disk is full"));
        var failing = new RecordingStream(log, "new sender");
        await failing.HandOverAsync("room", "2", "two");
        await failing.FailureAsync();

        log = await ReopenAsync(log);

        Assert.Equal(["one"], await log.TextsAsync("room"));
        Assert.Equal(AppendResult.Stored(2), await new RecordingStream(log, "new sender").SendAsync("room", "2", "2"));
    }

    [Fact]
    public async Task An_answered_message_is_in_a_copy_of_the_files_and_one_that_waits_for_its_commit_is_not()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        await ann.SendAsync("room", "1", "one");
        var held = Gate.HoldNext();
        await ann.HandOverAsync("room", "2", "two");
        await held.ReachedAsync();

        var copy = Path.Combine(temp.Path, "copy");
        Directory.CreateDirectory(copy);
        foreach (var name in (string[])["chat.db", "chat.db-wal"])
        {
            File.Copy(Path.Combine(DataDirectory, name), Path.Combine(copy, name));
        }

        await using (var copied = SqliteMessageLog.Open(copy))
        {
            Assert.Equal(log.LogId, copied.LogId);
            Assert.Equal(["one"], await copied.TextsAsync("room"));
            Assert.Equal(AppendResult.Found(1), await new RecordingStream(copied).SendAsync("room", "1", "one"));
        }

        held.Release();
        await ann.AnswersAsync(2);
    }

    [Fact]
    public async Task Two_directories_hold_two_logs()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        await using var another = SqliteMessageLog.Open(Path.Combine(temp.Path, "another"));

        Assert.NotEqual(log.LogId, another.LogId);
        Assert.Equal(RoomBounds.Empty, await another.BoundsAsync("room"));
        Assert.Equal(DatabasePath, log.Location);
    }

    [Fact]
    public async Task The_database_writes_ahead_and_syncs_every_commit()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        using (var other = Connect())
        {
            Assert.Equal("wal", Scalar(other, "PRAGMA journal_mode"));
        }

        await CloseAsync(log);
        using var file = SqliteLogFile.Open(DataDirectory, TimeSpan.FromSeconds(1));
        using var writer = file.OpenWriter();
        Assert.Equal("wal", Scalar(writer, "PRAGMA journal_mode"));
        Assert.Equal(2L, Scalar(writer, "PRAGMA synchronous"));
        Assert.Equal(0L, Scalar(writer, "PRAGMA wal_autocheckpoint"));
        Assert.Equal(0L, Scalar(writer, "PRAGMA trusted_schema"));
        Assert.Equal(1L, Scalar(writer, "PRAGMA cell_size_check"));

        using var reader = file.OpenReader();
        Assert.Throws<SqliteException>(() => SqliteLogFile.Execute(reader, "UPDATE room SET head = 0"));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Files_are_the_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no mode bits.");
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");

        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(DataDirectory));
        var modes = Directory.GetFiles(DataDirectory)
            .Select(path => (Path.GetFileName(path), File.GetUnixFileMode(path)))
            .Order();
        Assert.Equal(
            [
                ("chat.db", UnixFileMode.UserRead | UnixFileMode.UserWrite),
                ("chat.db-shm", UnixFileMode.UserRead | UnixFileMode.UserWrite),
                ("chat.db-wal", UnixFileMode.UserRead | UnixFileMode.UserWrite),
                ("chat.db.lock", UnixFileMode.UserRead | UnixFileMode.UserWrite),
            ],
            modes);
    }

    [Fact]
    public async Task A_second_server_on_one_directory_is_refused_and_the_first_goes_on()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1", "one");

        var refused = Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(DataDirectory));
        Assert.Contains(DatabasePath, refused.Message, StringComparison.Ordinal);
        Assert.Contains("in use by another server", refused.Message, StringComparison.Ordinal);
        await new RecordingStream(log).SendAsync("room", "2", "two");
        Assert.Equal(["one", "two"], await log.TextsAsync("room"));

        log = await ReopenAsync(log);
        Assert.Equal(["one", "two"], await log.TextsAsync("room"));
    }

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
    public async Task A_send_waits_for_a_lock_that_ends_in_time()
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
    public async Task A_damaged_page_is_told_to_readers_and_ends_the_log_when_it_is_written_to()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        await CloseAsync(log);
        OverwriteRootPageOf("message");

        log = Open();
        await Assert.ThrowsAsync<LogDamagedException>(() => log.PageAsync("room"));
        Assert.False(log.Stopped.IsCompleted);

        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "2");
        await ann.FailureAsync();
        await Assert.ThrowsAsync<SqliteException>(() => StoppedAsync(log));
        AssertFailedOnce(ann);
        await CloseAsync(log);
    }

    [Fact]
    public async Task The_write_ahead_log_is_emptied_when_nothing_is_sent()
    {
        var log = Open();
        await StoreLargeAsync(log, 100);

        await UntilAsync(() => WriteAheadBytes() == 0);

        Assert.Equal(100, (await log.TextsAsync("large")).Length);
        Assert.Equal(AppendResult.Stored(101), await new RecordingStream(log).SendAsync("large", "key"));
    }

    [Fact]
    public async Task The_write_ahead_log_is_emptied_after_a_read_that_outlasted_the_first_attempt()
    {
        var log = Open();
        await StoreLargeAsync(log, 100);
        using var other = Connect();
        SqliteLogFile.Execute(other, "BEGIN");
        Scalar(other, "SELECT count(*) FROM message");

        // The attempt moves everything into the database and then can't cut the log, because it is being read.
        await UntilAsync(() => new FileInfo(DatabasePath).Length > 100 * LargeText.Length);
        SqliteLogFile.Execute(other, "COMMIT");

        await UntilAsync(() => WriteAheadBytes() == 0);
    }

    [Fact]
    public async Task The_write_ahead_log_stays_small_while_sends_go_on()
    {
        var log = Open(Options with { MaxQueuedSends = 256 });
        var largest = 0L;
        log.Committed += _ => largest = Math.Max(largest, WriteAheadBytes());

        // Some 100 MB, in batches that leave no idle moment.
        await StoreLargeAsync(log, 5_000);
        await CloseAsync(log);

        Assert.InRange(largest, 1, 64 * 1024 * 1024);
    }

    [Fact]
    public async Task The_write_ahead_log_stays_small_while_it_is_read_all_the_time()
    {
        var log = Open(Options with { MaxQueuedSends = 256 });
        var largest = 0L;
        log.Committed += _ => largest = Math.Max(largest, WriteAheadBytes());
        using var enough = new CancellationTokenSource();
        var reading = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var head = (await log.BoundsAsync("large")).Head;
                await log.ReadAsync("large", Math.Max(0, head - 4), new CollectingSink(most: 4));
            }
        })).ToList();

        await StoreLargeAsync(log, 12_000);
        await enough.CancelAsync();
        await Task.WhenAll(reading);
        await CloseAsync(log);

        // Some 250 MB were written. A truncation may have to be tried again while somebody reads.
        Assert.InRange(largest, 1, 128 * 1024 * 1024);
    }

    private async Task<IMessageLog> ReopenAsync(IMessageLog log)
    {
        await CloseAsync(log);
        return Open();
    }

    private static async Task StoreLargeAsync(IMessageLog log, int count)
    {
        var stream = new RecordingStream(log, "storer");
        for (var i = 1; i <= count; i++)
        {
            await stream.HandOverAsync("large", $"{i}", LargeText);
        }

        await stream.AnswersAsync(count);
    }

    private long WriteAheadBytes() => new FileInfo(DatabasePath + "-wal").Length;

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        return connection;
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is this test's.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    private void OverwriteRootPageOf(string table)
    {
        long root, pageSize;
        using (var other = Connect())
        {
            root = (long)Scalar(other, $"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")!;
            pageSize = (long)Scalar(other, "PRAGMA page_size")!;
        }

        using var file = File.OpenWrite(DatabasePath);
        file.Position = (root - 1) * pageSize;
        file.Write(Enumerable.Repeat((byte)0xA5, (int)pageSize).ToArray());
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var deadline = new CancellationTokenSource(RecordingStream.Deadline);
        while (!isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), deadline.Token);
        }
    }
}
