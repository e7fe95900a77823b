using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>One log, one file, one service: under whatever path, and as long as it is open.</summary>
public sealed class SqliteFileWatchTests : SqliteMessageLogTest
{
    [Theory]
    [InlineData("", "delete")]
    [InlineData("", "move")]
    [InlineData("", "replace")]
    [InlineData("-wal", "delete")]
    [InlineData("-wal", "move")]
    [InlineData("-wal", "replace")]
    public async Task Nothing_is_acked_into_a_file_that_the_next_start_would_not_find(string suffix, string what)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux is asked which file a path leads to.");
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        var path = DatabasePath + suffix;
        switch (what)
        {
            case "delete":
                File.Delete(path);
                break;
            case "move":
                File.Move(path, path + ".moved");
                break;
            default:
                File.Copy(path, path + ".copy");
                File.Move(path + ".copy", path, overwrite: true);
                break;
        }

        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "2");
        await ann.FailureAsync();

        var error = await Assert.ThrowsAsync<LogMovedException>(() => StoppedAsync(log));
        Assert.Contains($"{path} was deleted, moved or replaced", error.Message, StringComparison.Ordinal);
        AssertFailedOnce(ann);
        await CloseAsync(log);
    }

    [Fact]
    public async Task After_a_log_was_deleted_while_open_the_next_start_does_not_begin_an_empty_one()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        foreach (var file in Directory.GetFiles(DataDirectory))
        {
            File.Delete(file);
        }

        await CloseAsync(log);

        var error = Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(DataDirectory));
        Assert.Contains("chat.db is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_service_is_refused_through_a_hard_link_too()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Uses ln.");
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1", "one");
        var second = Path.Combine(TempPath, "second");
        Directory.CreateDirectory(second);
        await LinkAsync(DatabasePath, Path.Combine(second, "chat.db"));
        await LinkAsync(DatabasePath + ".witness", Path.Combine(second, "chat.db.witness"));

        var refused = Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(second));

        Assert.Contains("in use by another service", refused.Message, StringComparison.Ordinal);
        Assert.Equal(AppendResult.Stored(2), await new RecordingStream(log).SendAsync("room", "2", "two"));
        Assert.Equal(["one", "two"], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task A_database_behind_a_symbolic_link_is_opened_and_its_files_are_beside_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows requires a privilege to create links.");
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1", "one");
        await CloseAsync(log);
        var second = Path.Combine(TempPath, "second");
        Directory.CreateDirectory(second);
        File.CreateSymbolicLink(Path.Combine(second, "chat.db"), DatabasePath);

        await using (var linked = SqliteMessageLog.Open(second))
        {
            Assert.Equal(["one"], await linked.TextsAsync("room"));
            Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(DataDirectory));
        }

        Assert.Equal(["chat.db"], Directory.GetFiles(second).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_refused_second_service_says_which_process_has_the_log()
    {
        await using var log = SqliteMessageLog.Open(DataDirectory);

        var refused = Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(DataDirectory));

        Assert.Contains($"in use by another service, process {Environment.ProcessId};", refused.Message, StringComparison.Ordinal);
    }

    private static async Task LinkAsync(string from, string to)
    {
        using var ln = System.Diagnostics.Process.Start("ln", [from, to]);
        await ln.WaitForExitAsync();
        Assert.Equal(0, ln.ExitCode);
    }
}
