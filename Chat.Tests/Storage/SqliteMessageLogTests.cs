using System.Runtime.Versioning;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>What a SQLite log keeps from one process to the next, and which files it keeps it in.</summary>
public sealed class SqliteMessageLogTests : SqliteMessageLogTest
{
    [Fact]
    public async Task Client_offsets_are_known_after_reopening()
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
    public async Task Messages_are_there_after_reopening_and_the_ids_continue()
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
    public async Task A_failed_batch_is_not_there_after_reopening()
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

        var copy = Path.Combine(TempPath, "copy");
        Directory.CreateDirectory(copy);
        foreach (var name in (string[])["chat.db", "chat.db-wal", "chat.db.witness"])
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
        await using var another = SqliteMessageLog.Open(Path.Combine(TempPath, "another"));

        Assert.NotEqual(log.LogId, another.LogId);
        Assert.Equal(RoomBounds.Empty, await another.BoundsAsync("room"));
        Assert.Equal(DatabasePath, log.Location);
    }

    [Fact]
    public void The_engine_that_is_loaded_is_SQLite_3_51_3_or_newer()
    {
        // Before 3.51.3, a checkpoint that resets the write-ahead log could race with a commit and corrupt the
        // database.
        using var file = SqliteLogFile.Open(DataDirectory, TimeSpan.FromSeconds(1));
        using var writer = file.OpenWriter();

        var version = Version.Parse((string)Scalar(writer, "SELECT sqlite_version()")!);

        Assert.True(version >= new Version(3, 51, 3), $"SQLite {version} is loaded.");
    }

    [Fact]
    public async Task The_database_has_a_write_ahead_log_and_syncs_every_commit()
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
    public async Task Only_the_owner_may_read_and_write_the_files()
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
                ("chat.db.witness", UnixFileMode.UserRead | UnixFileMode.UserWrite),
            ],
            modes);
    }

    [Fact]
    public async Task A_second_service_in_the_same_directory_is_refused_and_the_first_continues()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1", "one");

        var refused = Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(DataDirectory));
        Assert.Contains(DatabasePath, refused.Message, StringComparison.Ordinal);
        Assert.Contains("in use by another service", refused.Message, StringComparison.Ordinal);
        await new RecordingStream(log).SendAsync("room", "2", "two");
        Assert.Equal(["one", "two"], await log.TextsAsync("room"));

        log = await ReopenAsync(log);
        Assert.Equal(["one", "two"], await log.TextsAsync("room"));
    }

    private async Task<IMessageLog> ReopenAsync(IMessageLog log)
    {
        await CloseAsync(log);
        return Open();
    }
}
