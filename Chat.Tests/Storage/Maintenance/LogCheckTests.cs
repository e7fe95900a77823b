using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage.Maintenance;

/// <summary>What the check of a log finds.</summary>
public sealed class LogCheckTests : LogMaintenanceTest
{
    [Fact]
    public async Task A_log_that_the_service_has_written_has_no_problem()
    {
        await CreateLogAsync();
        var problems = new List<string>();

        var summary = Log.Check(problems.Add);

        Assert.Empty(problems);
        Assert.Equal((2, 40, 40), (summary.Rooms, summary.Messages, summary.ClientOffsets));
    }

    [Theory]
    [InlineData("DELETE FROM message WHERE position = (1 << 40) | 3", "room ops: message 3 is missing")]
    [InlineData("DELETE FROM message WHERE position BETWEEN (1 << 40) | 3 AND (1 << 40) | 5", "room ops: messages 3 to 5 are missing")]
    [InlineData("DELETE FROM message WHERE position > (2 << 40) | 18", "room team-1: messages 19 to 20 are missing")]
    [InlineData("DELETE FROM message WHERE position < 2 << 40", "room ops: messages 1 to 20 are missing")]
    [InlineData("UPDATE room SET head = 22 WHERE name = 'ops'", "room ops: messages 21 to 22 are missing")]
    [InlineData("UPDATE room SET head = 19 WHERE name = 'ops'", "room ops: message 20 is outside the room's 1 to 19")]
    [InlineData("UPDATE room SET oldest = 2 WHERE name = 'ops'", "room ops: message 1 is outside the room's 2 to 20")]
    [InlineData("UPDATE room SET oldest = 0 WHERE name = 'ops'", "room ops: the oldest message is 0 and the newest 20")]
    [InlineData("UPDATE room SET name = 'Not valid' WHERE name = 'ops'", "room 1 has a name that is not valid")]
    [InlineData("DELETE FROM room WHERE name = 'ops'", "message 1 belongs to room 1, which does not exist")]
    [InlineData("DELETE FROM sender WHERE name = 'ann'", "room ops: message 1: its sender does not exist")]
    [InlineData("UPDATE sender SET name = '' WHERE name = 'ann'", "room ops: message 1: the sender '' is not valid")]
    [InlineData("UPDATE message SET text = 'other' WHERE position = (1 << 40) | 3", "room ops: message 3: its text is not the one that was stored")]
    [InlineData("UPDATE message SET text = '' WHERE position = (1 << 40) | 3", "room ops: message 3: the text is empty")]
    [InlineData("UPDATE message SET text = CAST(x'FF' AS TEXT) WHERE position = (1 << 40) | 3", "room ops: message 3: the text is not UTF-8")]
    [InlineData("UPDATE message SET sent_at = -1 WHERE position = (1 << 40) | 3", "room ops: message 3: the time -1 is not valid")]
    [InlineData("UPDATE message SET client_offset = 'other' WHERE position = (1 << 40) | 3", "room ops: message 3: its client offset is not remembered")]
    [InlineData("DELETE FROM sent_key WHERE room_id = 1 AND id = 3", "room ops: message 3: its client offset is not remembered")]
    [InlineData("UPDATE sent_key SET id = 4 WHERE room_id = 1 AND id = 3", "room ops: message 3: its client offset is remembered for message 4")]
    [InlineData("UPDATE sent_key SET content_hash = zeroblob(16) WHERE room_id = 1 AND id = 3", "room ops: message 3: its text is not the one that was stored")]
    [InlineData("UPDATE sent_key SET content_hash = x'00' WHERE room_id = 1 AND id = 3", "client offset 'ann-2' of sender 'ann': its hash has 1 bytes (room ops, message 3)")]
    [InlineData("INSERT INTO sent_key VALUES (1, 1, 'x', 3, zeroblob(16), 0)", "client offset 'x' of sender 'ann': it is remembered for message 3 of room ops, which has another")]
    [InlineData("INSERT INTO sent_key VALUES (1, 1, 'x', 21, zeroblob(16), 0)", "client offset 'x' of sender 'ann': it is remembered for message 21 of room ops, whose newest is 20")]
    [InlineData("INSERT INTO sent_key VALUES (9, 1, 'x', 1, zeroblob(16), 0)", "client offset 'x' of sender 'ann': its room 9 does not exist")]
    [InlineData("UPDATE log SET log_id = 'x'", "the log id is not 32 hexadecimal digits")]
    [InlineData("UPDATE message SET erased = 1 WHERE position = (1 << 40) | 3", "room ops: message 3: it is erased, but has a text")]
    [InlineData("UPDATE message SET text = '', erased = 1 WHERE position = (1 << 40) | 3", "room ops: message 3: it is erased, but a hash of its text is kept")]
    [InlineData("UPDATE sent_key SET content_hash = zeroblob(16) WHERE room_id = 1 AND id = 4", "room ops: message 4: its text is not the one that was stored")]
    public async Task What_is_not_as_it_was_stored_is_a_problem(string sql, string problem)
    {
        await CreateLogAsync();
        Execute(sql);

        Assert.Contains(problem, ProblemsOf(Log));
    }

    [Fact]
    public async Task A_check_of_a_stopped_log_leaves_no_file_behind()
    {
        await CreateLogAsync();
        var before = Directory.GetFiles(Data).Order().ToArray();

        Assert.Empty(ProblemsOf(Log));

        Assert.Equal(before, Directory.GetFiles(Data).Order());
    }

    [Fact]
    public async Task A_check_of_the_log_of_a_killed_service_leaves_its_write_ahead_log_as_it_is()
    {
        await CreateLogAsync();
        await using (var log = SqliteMessageLog.Open(Data))
        {
            await new RecordingStream(log).SendAsync("ops", "in the write-ahead log");
            CopyTo("killed");
            File.Copy(DatabaseIn(Data) + "-wal", DatabaseIn(PathOf("killed")) + "-wal");
        }

        var wal = await File.ReadAllBytesAsync(DatabaseIn(PathOf("killed")) + "-wal");
        Assert.NotEmpty(wal);
        var killed = new MessageLogDirectory(PathOf("killed"));
        var problems = new List<string>();

        Assert.Equal(41, killed.Check(problems.Add).Messages);

        Assert.Empty(problems);
        Assert.Equal(wal, await File.ReadAllBytesAsync(DatabaseIn(PathOf("killed")) + "-wal"));
    }

    [Theory]
    [InlineData("UPDATE message SET sent_at = sent_at + 1 WHERE position = (1 << 40) | 3", "room ops: message 3: it is not what was stored")]
    [InlineData("UPDATE message SET text = 'other' WHERE position = (1 << 40) | 3", "room ops: message 3: it is not what was stored")]
    [InlineData("UPDATE message SET checksum = NULL WHERE position = (1 << 40) | 3", "room ops: message 3: it is not what was stored")]
    [InlineData("UPDATE message SET text = '', erased = 1 WHERE position = (1 << 40) | 3", "room ops: message 3: it is not what was stored")]
    [InlineData("UPDATE message SET sender_id = 2 WHERE position = (1 << 40) | 3", "room ops: message 3: it is not what was stored")]
    [InlineData("UPDATE room SET oldest = 2 WHERE name = 'ops'", "the row of room ops is not what was stored")]
    [InlineData("UPDATE sent_key SET content_hash = zeroblob(16) WHERE room_id = 1 AND id = 3", "client offset 'ann-2' of sender 'ann': it is not what was stored (room ops, message 3)")]
    public async Task A_row_that_does_not_have_its_checksum_is_a_problem(string sql, string problem)
    {
        await CreateLogAsync();
        ExecuteAlone(sql);

        Assert.Contains(problem, ProblemsOf(Log));
    }

    [Fact]
    public async Task A_log_that_is_behind_its_witness_has_a_problem()
    {
        await CreateLogAsync();
        Execute("UPDATE room SET head = 19 WHERE name = 'ops'; DELETE FROM message WHERE position = (1 << 40) | 20; DELETE FROM sent_key WHERE room_id = 1 AND id = 20");

        var problem = Assert.Single(ProblemsOf(Log));

        Assert.Contains("chat.db lacks 1 of the 40 messages that were stored", problem, StringComparison.Ordinal);
        File.Delete(DatabaseIn(Data) + ".witness");
        Assert.Contains("chat.db.witness is missing", Assert.Single(ProblemsOf(Log)), StringComparison.Ordinal);
        await File.WriteAllTextAsync(DatabaseIn(Data) + ".witness", "x");
        Assert.Contains("chat.db.witness is damaged", ProblemsOf(Log)[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_offsets_that_outlive_their_messages_are_no_problem()
    {
        await CreateLogAsync();
        Execute("UPDATE room SET oldest = 6 WHERE name = 'ops'; DELETE FROM message WHERE position < (1 << 40) | 6");

        Assert.Empty(ProblemsOf(Log));
        Assert.Equal((35, 40), (Log.Check(_ => { }).Messages, Log.Check(_ => { }).ClientOffsets));
    }

    [Fact]
    public async Task A_damaged_page_is_a_problem_and_the_rest_is_checked_all_the_same()
    {
        await CreateLogAsync();
        Execute("DELETE FROM message WHERE position = (1 << 40) | 3");
        OverwriteRootPageOf("sent_key");

        var problems = ProblemsOf(Log);

        Assert.Contains("room ops: message 3 is missing", string.Join('\n', problems), StringComparison.Ordinal);
        Assert.Contains(problems, problem => problem.Contains("malformed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_flipped_bit_is_a_problem_or_changes_nothing_that_is_read()
    {
        await CreateLogAsync(200);
        CopyTo("copy");
        var content = await File.ReadAllBytesAsync(DatabaseIn(Data));
        var random = new Random(1);
        var found = 0;
        for (var n = 0; n < 300; n++)
        {
            var damaged = (byte[])content.Clone();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(DatabaseIn(Data), damaged);
            try
            {
                if (ProblemsOf(Log).Count > 0)
                {
                    found++;
                }
                else
                {
                    Assert.Null(Log.FindDifference(new MessageLogDirectory(PathOf("copy"))));
                }
            }
            catch (LogOpenException)
            {
                found++;
            }
        }

        // The other bits are on pages that nothing uses, or say how to store what is there.
        Assert.InRange(found, 100, 300);
    }

    [Fact]
    public async Task A_log_in_use_is_checked_as_it_is_when_the_check_begins()
    {
        await CreateLogAsync();
        await using var log = SqliteMessageLog.Open(Data);
        var ann = new RecordingStream(log);
        var problems = new List<string>();
        var sent = 0;

        var summary = Log.Check(problems.Add, new ProgressCallback(_ =>
            ann.SendAsync("ops", $"during-{sent++}", "during the check").GetAwaiter().GetResult()));

        Assert.Empty(problems);
        Assert.Equal(40, summary.Messages);
        Assert.True(sent > 0);
        Assert.Equal(AppendResult.Stored(21 + sent), await ann.SendAsync("ops", "after"));
    }

    [Fact]
    public async Task A_check_in_the_process_of_the_service_leaves_it_its_locks()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux lists its locks in a file.");
        await CreateLogAsync();
        await using var log = SqliteMessageLog.Open(Data);
        await new RecordingStream(log).SendAsync("ops", "opens the log");
        var before = PosixLocks();
        Assert.NotEmpty(before);

        Assert.Empty(ProblemsOf(Log));

        Assert.Equal(before, PosixLocks());

        List<string> PosixLocks() => [.. File.ReadLines("/proc/locks")
            .Select(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..])
            .Where(line => line.Contains("POSIX", StringComparison.Ordinal)
                && line.Contains($" {Environment.ProcessId} ", StringComparison.Ordinal)
                && line.Contains($":{Inode(DatabaseIn(Data))} ", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];
    }

    [Theory]
    [InlineData("Dear diary, this is not a database, although it is longer than the 100 bytes of a header. Really.", "is not a chat log")]
    [InlineData(null, "does not exist; name the directory of a log")]
    public void What_is_no_log_cannot_be_checked(string? content, string words)
    {
        Directory.CreateDirectory(Data);
        if (content is not null)
        {
            File.WriteAllText(DatabaseIn(Data), content);
        }

        var error = Assert.Throws<LogOpenException>(() => Log.Check(_ => { }));

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(content is null ? [] : ["chat.db"], Directory.GetFiles(Data).Select(Path.GetFileName));
    }

    private static string Inode(string path)
    {
        using var stat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%i", path]) { RedirectStandardOutput = true })!;
        return stat.StandardOutput.ReadToEnd().Trim();
    }

    private void OverwriteRootPageOf(string table)
    {
        long root, size;
        using (var connection = new SqliteConnection($"Data Source={DatabaseIn(Data)};Pooling=False"))
        {
            connection.Open();
            using var statement = new SqliteStatement(
                connection, $"SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = '{table}'");
            Assert.True(statement.Step());
            (root, size) = (statement.Int64(0), statement.Int64(1));
        }

        using var file = File.OpenWrite(DatabaseIn(Data));
        file.Position = (root - 1) * size;
        file.Write(Enumerable.Repeat((byte)0xA5, (int)size).ToArray());
    }
}
