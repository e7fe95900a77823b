using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>The same for a database: what its files say, and what readers and damage do to it.</summary>
public sealed class SqliteTrimTests() : TrimContract(LogKind.Sqlite)
{
    private string DatabasePath => Path.Combine(DataDirectory, "chat.db");

    [Fact]
    public async Task A_trimmed_log_opens_again_as_it_was_and_check_finds_no_problem()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        await StoreAsync(log, "empty", 5);
        await TrimAsync(log, "room", 4);
        await TrimAsync(log, "empty", 5);
        Assert.Empty(Problems());
        await CloseAsync(log);

        log = Open();

        Assert.Equal((new RoomBounds(5, 10), new RoomBounds(6, 5)), (await log.BoundsAsync("room"), await log.BoundsAsync("empty")));
        Assert.Equal(new LogSize(2, 6), log.Size);
        Assert.Equal(AppendResult.Found(2), await new RecordingStream(log).SendAsync("room", "2", "room 2"));
        Assert.Equal(AppendResult.Stored(6), await new RecordingStream(log).SendAsync("empty", "6"));
        Assert.Empty(Problems());

        List<string> Problems()
        {
            var problems = new List<string>();
            new MessageLogDirectory(DataDirectory).Check(problems.Add);
            return problems;
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(3)]
    public async Task A_reader_that_sees_the_removal_before_the_writer_has_published_it_does_not_call_it_damage(long through)
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        Assert.Equal(10, (await log.PageAsync("room")).Count);

        // What the writer commits, without what it does next.
        using (var writer = Connect())
        {
            RowChecksum.AddFunctions(writer);
            SqliteLogFile.Execute(writer, """
                BEGIN;
                DELETE FROM message WHERE position < (1 << 40) | 6;
                UPDATE room SET oldest = 6, checksum = room_checksum(room_id, CAST(name AS BLOB), 6, head);
                COMMIT;
                """);
        }

        Assert.Equal(new RoomBounds(1, 10), await log.BoundsAsync("room"));
        Assert.False(await log.ReadAsync("room", 0, through, new CollectingSink(), CancellationToken.None));

        Assert.Equal(new RoomBounds(6, 10), await log.BoundsAsync("room"));
        Assert.Equal([6, 7, 8, 9, 10], (await log.PageAsync("room", 5)).Select(message => message.Id));
        Assert.Null(log.Health.ReadProblem);
        Assert.Equal(AppendResult.Stored(11), await new RecordingStream(log).SendAsync("room", "11"));
    }

    [Theory]
    [InlineData("DELETE FROM message WHERE position = (1 << 40) | 1")]
    [InlineData("DELETE FROM message WHERE position < (1 << 40) | 6")]
    [InlineData("DELETE FROM message WHERE position < (1 << 40) | 6; UPDATE room SET oldest = 6")]
    public async Task Messages_that_are_missing_without_a_trim_are_damage(string sql)
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        using (var other = Connect())
        {
            SqliteLogFile.Execute(other, sql);
        }

        await Assert.ThrowsAsync<LogDamagedException>(() => log.PageAsync("room"));
        await Assert.ThrowsAsync<LogDamagedException>(() => TrimAsync(log, "room", 3));
    }

    [Fact]
    public async Task A_room_from_which_a_message_is_missing_is_not_trimmed_and_takes_no_more()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        await StoreAsync(log, "other", 10);
        using (var other = Connect())
        {
            SqliteLogFile.Execute(other, "DELETE FROM message WHERE position = (1 << 40) | 3");
        }

        var error = await Assert.ThrowsAsync<LogDamagedException>(() => TrimAsync(log, "room", 5));

        Assert.Contains("room room: 1 of the messages 1 to 5 are missing", error.Message, StringComparison.Ordinal);
        Assert.Equal(error.Message, log.Health.ReadProblem);
        Assert.Equal(2, (await log.PageAsync("room", through: 2)).Count);
        var ann = new RecordingStream(log);
        await ann.HandOverAsync("room", "11");
        await ann.FailureAsync();
        Assert.Equal(new RoomBounds(6, 10), await TrimAsync(log, "other", 5));
    }

    [Fact]
    public async Task The_space_of_removed_messages_is_used_for_new_ones()
    {
        var log = Open();
        var text = new string('x', 8_000);
        var ann = new RecordingStream(log);
        for (var round = 0; round < 4; round++)
        {
            for (var n = 0; n < 200; n++)
            {
                await ann.HandOverAsync("room", $"{round}-{n}", text);
            }

            await ann.AnswersAsync(200 * (round + 1));
            await TrimAsync(log, "room", long.MaxValue);
        }

        await CloseAsync(log);

        // Two copies of 200 messages would be more.
        Assert.InRange(new FileInfo(DatabasePath).Length, 200 * 8_000, 2 * 200 * 8_000);
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        return connection;
    }
}
