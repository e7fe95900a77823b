using System.Runtime.Versioning;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage.Maintenance;

/// <summary>Backups, and the logs that are made of them.</summary>
public sealed class LogBackupTests : LogMaintenanceTest
{
    private string Target => PathOf("backup.db");

    private MessageLogDirectory Restored => new(PathOf("restored"));

    [Fact]
    public async Task A_backup_restores_to_a_log_with_the_same_content_and_a_new_log_id()
    {
        await CreateLogAsync();

        var backedUp = Log.Backup(Target);
        var restored = Restored.Restore(Target);

        Assert.Equal((2, 40, 40), (restored.Rooms, restored.Messages, restored.ClientOffsets));
        Assert.NotEqual(backedUp.LogId, restored.LogId);
        Assert.Empty(ProblemsOf(Restored));
        Assert.Null(Log.FindDifference(Restored));
        await using var log = SqliteMessageLog.Open(Restored.Path);
        Assert.Equal(restored.LogId, log.LogId);
        var ann = new RecordingStream(log);
        Assert.Equal(AppendResult.Found(1), await ann.SendAsync("ops", "ann-0", Texts[0]));
        Assert.Equal(AppendResult.Stored(21), await ann.SendAsync("ops", "new"));
    }

    [Fact]
    public async Task A_backup_of_a_log_in_use_has_everything_that_was_acked_before_it_began()
    {
        await CreateLogAsync();
        await using var log = SqliteMessageLog.Open(Data);
        var ann = new RecordingStream(log);
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var end = new CancellationTokenSource();
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                await ann.SendAsync("ops", $"under-load-{sent}", new string('x', 2000));
                if (++sent == 500)
                {
                    enough.SetResult();
                }
            }
        });
        await enough.Task.WaitAsync(RecordingStream.Deadline);
        var before = Volatile.Read(ref sent);

        // A message comes between any two steps of the copy.
        var summary = Log.Backup(Target, new ProgressCallback(_ =>
        {
            var seen = Volatile.Read(ref sent);
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref sent) > seen, RecordingStream.Deadline));
        }));

        await end.CancelAsync();
        await sending;
        Assert.InRange(summary.Messages, 40 + before, 40 + sent - 1);
        Restored.Restore(Target);
        Assert.Empty(ProblemsOf(Restored));
        await using var restored = SqliteMessageLog.Open(Restored.Path);
        var texts = await restored.TextsAsync("ops");
        Assert.Equal(summary.Messages - 20, texts.Length);
        Assert.Equal(AppendResult.Stored(texts.Length + 1), await new RecordingStream(restored).SendAsync("ops", "new"));
    }

    [Fact]
    public async Task The_write_ahead_log_can_be_emptied_while_a_backup_is_read_back()
    {
        await CreateLogAsync();
        using var writer = new SqliteConnection($"Data Source={DatabaseIn(Data)};Pooling=False");
        writer.Open();
        SqliteLogFile.Execute(writer, "INSERT INTO sender VALUES (9, 'in the write-ahead log')");
        var busy = new List<long>();

        Log.Backup(Target, new ProgressCallback(share =>
        {
            if (share > 0.5)
            {
                using var checkpoint = new SqliteStatement(writer, "PRAGMA wal_checkpoint(TRUNCATE)");
                Assert.True(checkpoint.Step());
                busy.Add(checkpoint.Int64(0));
            }
        }));

        Assert.NotEmpty(busy);
        Assert.All(busy, value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task A_backup_is_one_file_that_only_its_owner_may_read()
    {
        await CreateLogAsync();

        Log.Backup(Target);

        Assert.Equal(["backup.db", "data"], Entries());
        AssertPrivate();

        [UnsupportedOSPlatform("windows")]
        void AssertOwner() => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Target));

        void AssertPrivate()
        {
            if (!OperatingSystem.IsWindows())
            {
                AssertOwner();
            }
        }
    }

    [Fact]
    public async Task A_backup_replaces_no_file()
    {
        await CreateLogAsync();
        await File.WriteAllTextAsync(Target, "precious");
        Directory.CreateDirectory(PathOf("directory"));

        AssertNotDone(() => Log.Backup(Target), Target, "exists already and is not replaced");
        AssertNotDone(() => Log.Backup(PathOf("directory")), "is a directory");
        AssertNotDone(() => Log.Backup(PathOf("not/there.db")), "Could not find a part of the path");

        Assert.Equal("precious", await File.ReadAllTextAsync(Target));
        Assert.Equal(["backup.db", "data", "directory"], Entries());
    }

    [Fact]
    public async Task A_backup_does_not_replace_a_file_that_came_while_it_was_made()
    {
        await CreateLogAsync();

        AssertNotDone(() => Log.Backup(Target, new ProgressCallback(_ => File.WriteAllText(Target, "precious"))), Target);

        Assert.Equal("precious", await File.ReadAllTextAsync(Target));
        Assert.Equal(["backup.db", "data"], Entries());
    }

    [Fact]
    public async Task Of_two_backups_to_one_file_at_once_the_second_is_refused()
    {
        await CreateLogAsync();
        var refused = 0;

        Log.Backup(Target, new ProgressCallback(_ =>
        {
            AssertNotDone(() => Log.Backup(Target), "is being written by another process");
            refused++;
        }));

        Assert.True(refused > 0);
        Assert.Equal(["backup.db", "data"], Entries());
        Restored.Restore(Target);
        Assert.Null(Log.FindDifference(Restored));
    }

    [Fact]
    public async Task A_backup_that_is_ended_early_leaves_nothing_and_what_a_killed_one_left_is_replaced()
    {
        await CreateLogAsync();
        using var cancellation = new CancellationTokenSource();

        Assert.Throws<OperationCanceledException>(() => Log.Backup(Target, new ProgressCallback(_ =>
        {
            Assert.Equal(["backup.db.new", "data"], Entries());
            cancellation.Cancel();
        }), cancellation.Token));

        Assert.Equal(["data"], Entries());
        await File.WriteAllTextAsync(Target + ".new", new string('x', 100_000));
        await File.WriteAllTextAsync(Target + ".new-journal", "half a journal");
        Log.Backup(Target);
        Assert.Equal(["backup.db", "data"], Entries());
        Restored.Restore(Target);
        Assert.Null(Log.FindDifference(Restored));
    }

    [Fact]
    public async Task A_damaged_log_is_not_backed_up()
    {
        await CreateLogAsync();
        Execute("DELETE FROM message WHERE position = (1 << 40) | 3");

        AssertNotDone(() => Log.Backup(Target), "room ops: message 3 is missing", "check the source with 'check'");

        Assert.Equal(["data"], Entries());
    }

    [Fact]
    public async Task A_restore_replaces_no_log()
    {
        await CreateLogAsync();
        Log.Backup(Target);
        var before = await File.ReadAllBytesAsync(DatabaseIn(Data));

        AssertNotDone(() => Log.Restore(Target), $"{DatabaseIn(Data)} exists already and is not replaced");

        Assert.Equal(before, await File.ReadAllBytesAsync(DatabaseIn(Data)));
        Directory.CreateDirectory(Restored.Path);
        await File.WriteAllTextAsync(DatabaseIn(Restored.Path) + "-wal", "acked messages");
        AssertNotDone(() => Restored.Restore(Target), "chat.db-wal exists already and is not replaced");
        Assert.Equal("acked messages", await File.ReadAllTextAsync(DatabaseIn(Restored.Path) + "-wal"));
    }

    [Fact]
    public async Task Of_two_restores_to_one_directory_at_once_the_second_is_refused()
    {
        await CreateLogAsync();
        Log.Backup(Target);
        var refused = 0;

        Restored.Restore(Target, new ProgressCallback(_ =>
        {
            AssertNotDone(() => Restored.Restore(Target), "is in use by another process");
            Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(Restored.Path));
            refused++;
        }));

        Assert.True(refused > 0);
        Assert.Null(Log.FindDifference(Restored));
    }

    [Fact]
    public async Task There_is_no_log_until_a_restore_is_complete()
    {
        await CreateLogAsync();
        Log.Backup(Target);
        using var cancellation = new CancellationTokenSource();
        var reports = 0;

        Assert.Throws<OperationCanceledException>(() => Restored.Restore(Target, new ProgressCallback(share =>
        {
            // What a kill at this moment would leave behind.
            Assert.Equal(
                ["chat.db.lock", "chat.db.new"],
                Directory.GetFiles(Restored.Path).Select(Path.GetFileName).Where(name => !name!.Contains(".new-", StringComparison.Ordinal)).Order());
            reports++;
            if (share > 0.8)
            {
                cancellation.Cancel();
            }
        }), cancellation.Token));

        Assert.True(reports > 1);
        AssertNoLog(Restored.Path);
        Restored.Restore(Target);
        Assert.Null(Log.FindDifference(Restored));
    }

    [Fact]
    public async Task A_damaged_backup_is_not_restored()
    {
        await CreateLogAsync(200);
        Log.Backup(Target);
        var content = await File.ReadAllBytesAsync(Target);

        Damage(file => file.AsSpan(..^1).ToArray(), "is truncated; use another backup");
        Damage(file => file.AsSpan(..4096).ToArray(), "use another backup");
        Damage(file => [], "is not a chat log; name a file that 'backup' has written");
        Damage(file => [.. "Dear diary"u8], "is not a chat log; name a file that 'backup' has written");
        Damage(file => Replace(file, "plain"u8, "plaid"u8), "it is not what was stored");
        await File.WriteAllBytesAsync(Target, content);
        Restored.Restore(Target);

        void Damage(Func<byte[], byte[]> damage, string words)
        {
            File.WriteAllBytes(Target, damage(content));
            var error = Assert.ThrowsAny<Exception>(() => Restored.Restore(Target));
            Assert.True(error is LogOpenException or LogMaintenanceException, $"{error}");
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
            AssertNoLog(Restored.Path);
        }
    }

    [Fact]
    public async Task A_backup_of_a_newer_service_is_not_restored()
    {
        await CreateLogAsync();
        Log.Backup(Target);
        using (var connection = new SqliteConnection($"Data Source={Target};Pooling=False"))
        {
            connection.Open();
            SqliteLogFile.Execute(connection, "PRAGMA user_version = 99");
        }

        var error = Assert.Throws<LogOpenException>(() => Restored.Restore(Target));

        Assert.Contains("schema version 99", error.Message, StringComparison.Ordinal);
        AssertNoLog(Restored.Path);
    }

    [Fact]
    public async Task A_log_and_a_backup_without_checksums_are_checked_exported_and_restored_with_them()
    {
        await CreateLogAsync();
        File.Delete(DatabaseIn(Data) + ".witness");
        ExecuteAlone("""
            ALTER TABLE message DROP COLUMN erased;
            ALTER TABLE message DROP COLUMN checksum;
            ALTER TABLE room DROP COLUMN checksum;
            ALTER TABLE sent_key DROP COLUMN checksum;
            PRAGMA user_version = 1;
            """);

        Assert.Empty(ProblemsOf(Log));
        Log.Backup(Target);
        Restored.Restore(Target);
        using (var export = new MemoryStream())
        {
            Log.Export(export);
            export.Position = 0;
            new MessageLogDirectory(PathOf("imported")).Import(export);
        }

        Assert.Empty(ProblemsOf(Restored));
        Assert.Null(Log.FindDifference(Restored));
        Assert.Null(Restored.FindDifference(new MessageLogDirectory(PathOf("imported"))));
        await using var log = SqliteMessageLog.Open(Restored.Path);
        Assert.Equal(Texts, (await log.TextsAsync("ops")).Take(Texts.Length));
    }

    [Fact]
    public async Task A_restore_leads_through_a_link_and_replaces_the_witness_of_the_log_that_was_lost()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows requires a privilege to create links.");
        await CreateLogAsync();
        Log.Backup(Target);
        Directory.CreateDirectory(PathOf("disk"));
        Directory.CreateDirectory(Restored.Path);
        File.CreateSymbolicLink(DatabaseIn(Restored.Path), PathOf("disk/log.db"));
        File.Copy(DatabaseIn(Data) + ".witness", PathOf("disk/log.db.witness"));

        Restored.Restore(Target);

        Assert.Equal(["log.db", "log.db.lock", "log.db.witness"], Directory.GetFiles(PathOf("disk")).Select(Path.GetFileName).Order());
        Assert.Empty(ProblemsOf(Restored));
        await using var log = SqliteMessageLog.Open(Restored.Path);
        Assert.Equal(AppendResult.Stored(21), await new RecordingStream(log).SendAsync("ops", "new"));
    }

    private IEnumerable<string?> Entries() =>
        Directory.GetFileSystemEntries(PathOf(".")).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    // All of them: a page also has bytes of rows that have moved.
    private static byte[] Replace(byte[] content, ReadOnlySpan<byte> old, ReadOnlySpan<byte> replacement)
    {
        var replaced = (byte[])content.Clone();
        var count = 0;
        for (int index; (index = replaced.AsSpan().IndexOf(old)) >= 0; count++)
        {
            replacement.CopyTo(replaced.AsSpan(index));
        }

        Assert.True(count > 0);
        return replaced;
    }
}
