using System.Text;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage.Maintenance;

/// <summary>What is repaired, because the rest of the log proves what it was, and what never is.</summary>
public sealed class LogRepairTests : LogMaintenanceTest
{
    [Fact]
    public async Task A_log_without_a_problem_is_not_touched()
    {
        await CreateLogAsync();
        var before = await File.ReadAllBytesAsync(DatabaseIn(Data));

        var (repairs, problems) = Repair();

        Assert.Empty(repairs);
        Assert.Empty(problems);
        Assert.Equal(before, await File.ReadAllBytesAsync(DatabaseIn(Data)));
    }

    [Theory]
    [InlineData("DELETE FROM sent_key WHERE room_id = 1 AND id = 3", "room ops: the client offset of message 3 was missing; it follows from the message")]
    [InlineData("UPDATE sent_key SET id = 4 WHERE room_id = 1 AND id = 3", "room ops: the client offset of message 3 was damaged; it follows from the message")]
    [InlineData("UPDATE sent_key SET content_hash = zeroblob(16) WHERE room_id = 1 AND id = 3", "room ops: the client offset of message 3 was damaged; it follows from the message")]
    [InlineData("UPDATE sent_key SET content_hash = x'00' WHERE room_id = 1 AND id = 3", "room ops: the client offset of message 3 was damaged; it follows from the message")]
    [InlineData("UPDATE sent_key SET checksum = NULL WHERE room_id = 1 AND id = 3", "room ops: the client offset of message 3 was damaged; it follows from the message")]
    [InlineData("UPDATE room SET head = 22 WHERE name = 'ops'", "room ops: its messages are 1 to 20; its row said 1 to 22")]
    [InlineData("UPDATE room SET head = 19 WHERE name = 'ops'", "room ops: its messages are 1 to 20; its row said 1 to 19")]
    [InlineData("UPDATE room SET oldest = 2 WHERE name = 'ops'", "room ops: its messages are 1 to 20; its row said 2 to 20")]
    [InlineData("UPDATE room SET checksum = NULL WHERE name = 'ops'", "room ops: the checksum of its row was wrong")]
    [InlineData("UPDATE room SET checksum = checksum + 1 WHERE name = 'ops'", "room ops: the checksum of its row was wrong")]
    [InlineData("INSERT INTO sent_key VALUES (1, 1, 'x', 3, zeroblob(16), 0)", "the damaged client offset 'x', which belongs to no message, was removed")]
    [InlineData("INSERT INTO sent_key VALUES (9, 1, 'x', 1, zeroblob(16), 0)", "the damaged client offset 'x', which belongs to no message, was removed")]
    public async Task What_the_rest_of_the_log_proves_is_repaired(string damage, string repaired)
    {
        await CreateLogAsync();
        CopyTo("copy");
        ExecuteAlone(damage);
        Assert.NotEmpty(ProblemsOf(Log));

        var (repairs, problems) = Repair();

        Assert.Equal([repaired], repairs);
        Assert.Empty(problems);
        Assert.Empty(ProblemsOf(Log));
        Assert.Null(Log.FindDifference(new MessageLogDirectory(PathOf("copy"))));
        await using var log = SqliteMessageLog.Open(Data);
        Assert.Equal(AppendResult.Found(3), await new RecordingStream(log).SendAsync("ops", "ann-2", Texts[2]));
        Assert.Equal(AppendResult.Stored(21), await new RecordingStream(log).SendAsync("ops", "new"));
    }

    [Fact]
    public async Task A_client_offset_under_another_name_is_put_back()
    {
        await CreateLogAsync();
        ExecuteAlone("UPDATE sent_key SET client_offset = 'other' WHERE room_id = 1 AND id = 3");

        var (repairs, problems) = Repair();

        Assert.Equal(
            [
                "room ops: the client offset of message 3 was missing; it follows from the message",
                "the damaged client offset 'other', which belongs to no message, was removed",
            ],
            repairs);
        Assert.Empty(problems);
    }

    [Fact]
    public async Task The_client_offset_of_an_erased_message_gets_no_hash_back()
    {
        await CreateLogAsync();
        await EraseAsync("ops", 3);
        ExecuteAlone("DELETE FROM sent_key WHERE room_id = 1 AND id = 3");

        Assert.Single(Repair().Repairs);

        Assert.Empty(ProblemsOf(Log));
        await using var log = SqliteMessageLog.Open(Data);
        Assert.Equal(AppendResult.Found(3), await new RecordingStream(log).SendAsync("ops", "ann-2", "any text"));
    }

    [Theory]
    [InlineData("sqlite_autoindex_sender_1", "bob", "bod")]
    [InlineData("sqlite_autoindex_room_1", "ops", "opt")]
    public async Task Indexes_are_made_anew(string index, string name, string damaged)
    {
        await CreateLogAsync();
        ReplaceInRootPageOf(index, name, damaged);
        Assert.Contains(ProblemsOf(Log), problem => problem.StartsWith("database: ", StringComparison.Ordinal));

        var (repairs, problems) = Repair();

        Assert.Equal(["the indexes of rooms and senders were made anew"], repairs);
        Assert.Empty(problems);
        Assert.Empty(ProblemsOf(Log));
    }

    [Fact]
    public async Task A_row_of_a_room_whose_name_was_changed_stays_as_it_is()
    {
        await CreateLogAsync();
        ReplaceInRootPageOf("room", "ops", "opt");

        var (repairs, problems) = Repair();

        Assert.Empty(repairs);
        Assert.Contains("the row of room opt is not what was stored", problems);
    }

    [Theory]
    [InlineData("UPDATE message SET text = 'other' WHERE position = (1 << 40) | 3", "room ops: message 3: it is not what was stored")]
    [InlineData("UPDATE message SET sent_at = sent_at + 1 WHERE position = (1 << 40) | 3", "room ops: message 3: it is not what was stored")]
    [InlineData("UPDATE message SET checksum = NULL WHERE position = (1 << 40) | 3", "room ops: message 3: it is not what was stored")]
    [InlineData("DELETE FROM message WHERE position = (1 << 40) | 3", "room ops: message 3 is missing")]
    [InlineData("DELETE FROM message WHERE position = (1 << 40) | 20", "room ops: message 20 is missing")]
    [InlineData("DELETE FROM room WHERE name = 'ops'", "message 1 belongs to room 1, which does not exist")]
    [InlineData("UPDATE sender SET name = 'eve' WHERE name = 'ann'", "room ops: message 1: it is not what was stored")]
    [InlineData("UPDATE log SET log_id = 'x'", "the log id is not 32 hexadecimal digits")]
    public async Task What_nothing_proves_stays_as_it_is(string damage, string problem)
    {
        await CreateLogAsync();
        ExecuteAlone(damage);
        var before = ProblemsOf(Log);

        var (repairs, problems) = Repair();

        Assert.Empty(repairs);
        Assert.Contains(problem, problems);
        Assert.Equal(before.Order(), ProblemsOf(Log).Order());
    }

    [Fact]
    public async Task A_row_of_a_room_is_not_made_to_fit_messages_of_which_the_last_are_missing()
    {
        await CreateLogAsync();
        ExecuteAlone("DELETE FROM message WHERE position = (1 << 40) | 20; UPDATE room SET checksum = NULL WHERE name = 'ops'");

        var (repairs, problems) = Repair();

        Assert.Empty(repairs);
        Assert.Contains("room ops: message 20 is missing", problems);
        Assert.Contains("the row of room ops is not what was stored", problems);
    }

    [Fact]
    public async Task A_damaged_client_offset_stays_where_it_may_belong_to_a_message_that_is_not_kept_any_more()
    {
        await CreateLogAsync();
        Execute("UPDATE room SET oldest = 6 WHERE name = 'ops'; DELETE FROM message WHERE position < (1 << 40) | 6");
        ExecuteAlone("UPDATE sent_key SET id = 7 WHERE room_id = 1 AND id = 2");

        var (repairs, problems) = Repair();

        Assert.Empty(repairs);
        Assert.Contains("client offset 'ann-1' of sender 'ann': it is not what was stored (room ops, message 7)", problems);
    }

    [Fact]
    public async Task What_can_be_repaired_is_also_where_something_else_cannot()
    {
        await CreateLogAsync();
        ExecuteAlone("""
            UPDATE message SET text = 'other' WHERE position = (1 << 40) | 3;
            DELETE FROM sent_key WHERE room_id = 1 AND id = 5;
            """);

        var (repairs, problems) = Repair();

        Assert.Equal(["room ops: the client offset of message 5 was missing; it follows from the message"], repairs);
        Assert.Contains("room ops: message 3: it is not what was stored", problems);
        Assert.DoesNotContain(problems, problem => problem.Contains("message 5", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, "chat.db.witness is missing")]
    [InlineData("x", "chat.db.witness is damaged")]
    [InlineData("behind", "chat.db lacks 60 of the 100 messages that were stored")]
    public async Task A_witness_is_not_made_to_fit_the_log(string? witness, string problem)
    {
        await CreateLogAsync();
        var path = DatabaseIn(Data) + ".witness";
        switch (witness)
        {
            case null:
                File.Delete(path);
                break;
            case "behind":
                (HeadWitness.Read(DatabaseIn(Data))!.Value with { SumOfHeads = 100 }).Write(DatabaseIn(Data));
                break;
            default:
                await File.WriteAllTextAsync(path, witness);
                break;
        }

        var (repairs, problems) = Repair();

        Assert.Empty(repairs);
        Assert.Contains(problem, Assert.Single(problems), StringComparison.Ordinal);
        Assert.Equal(witness is not null, File.Exists(path));
    }

    [Fact]
    public async Task A_log_in_use_is_not_repaired()
    {
        await CreateLogAsync();
        await using var log = SqliteMessageLog.Open(Data);

        var error = Assert.Throws<LogOpenException>(() => Repair());

        Assert.Contains($"is in use by another service, process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_there_is_no_log_none_is_made()
    {
        var error = Assert.Throws<LogOpenException>(() => Repair());

        Assert.Contains("does not exist; name the directory of a log", error.Message, StringComparison.Ordinal);
        AssertNoLog(Data);
    }

    // Of a small table or index, the root page is all of it.
    private void ReplaceInRootPageOf(string name, string old, string replacement)
    {
        using var connection = new SqliteConnection($"Data Source={DatabaseIn(Data)};Pooling=False");
        connection.Open();
        var root = SqliteLogFile.ReadNumber(connection, $"SELECT rootpage FROM sqlite_schema WHERE name = '{name}'");
        var size = (int)SqliteLogFile.ReadNumber(connection, "PRAGMA page_size");
        connection.Dispose();
        using var file = new FileStream(DatabaseIn(Data), FileMode.Open, FileAccess.ReadWrite);
        var page = new byte[size];
        file.Position = (root - 1) * size;
        file.ReadExactly(page);
        var at = page.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(old));
        Assert.True(at >= 0);
        file.Position = ((root - 1) * size) + at;
        file.Write(Encoding.ASCII.GetBytes(replacement));
    }

    private (List<string> Repairs, List<string> Problems) Repair()
    {
        var (repairs, problems) = (new List<string>(), new List<string>());
        Log.Repair(repairs.Add, problems.Add);
        return (repairs, problems);
    }
}
