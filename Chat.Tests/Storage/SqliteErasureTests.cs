using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>What can keep an erasure from being done, and what it says then.</summary>
public sealed class SqliteErasureTests : SqliteMessageLogTest
{
    [Fact]
    public async Task If_what_erases_cannot_be_stored_nothing_is_erased_and_it_can_be_tried_again()
    {
        var isFull = false;
        var log = Open(Options with { BeforeCommit = _ => ThrowIf(isFull) });
        await FillAsync(log, 2);
        isFull = true;

        var error = await AssertFailsAsync(log, MessagesToErase.WithIds("room", [1, 2]));

        Assert.Equal("nothing was erased: the disk is full", error.Message);
        Assert.Equal(["text 1", "text 2"], await log.TextsAsync("room"));
        isFull = false;
        await EraseAsync(log, MessagesToErase.WithIds("room", [1, 2]));
        Assert.Equal(["", ""], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task If_only_a_part_was_erased_it_says_how_much_and_the_same_command_erases_the_rest()
    {
        var commits = int.MinValue;
        var log = Open(Options with { BeforeCommit = _ => ThrowIf(++commits == 2) });
        await FillAsync(log, 800);
        commits = 0;

        var error = await AssertFailsAsync(log, MessagesToErase.OfSender("ann"));

        Assert.Equal(
            "the texts of 500 messages were erased, but the files of the log may still have traces of them: the disk is full; "
            + "run the command again when this is mended",
            error.Message);
        Assert.Equal(300, (await log.AllAsync("room")).Count(message => !message.IsErased));

        var rest = await EraseAsync(log, MessagesToErase.OfSender("ann"));
        Assert.Equal((300, 500), (rest.Erased, rest.ErasedBefore));
    }

    [Theory]
    [InlineData("UPDATE message SET text = 'three' WHERE text = 'text 2'", "room room: message 2 is not what was stored")]
    [InlineData("UPDATE message SET sent_at = sent_at + 1 WHERE text = 'text 2'", "room room: message 2 is not what was stored")]
    [InlineData("DELETE FROM message WHERE text = 'text 2'", "room room: message 2 is missing")]
    [InlineData("DELETE FROM sent_key WHERE id = 2", "room room: the client offset ann-2 of message 2 is not what was stored")]
    [InlineData("UPDATE sent_key SET id = 3 WHERE id = 2", "room room: the client offset ann-2 of message 2 is not what was stored")]
    public async Task What_is_damaged_is_not_erased_which_would_hide_the_damage(string damage, string words)
    {
        var log = Open();
        await FillAsync(log, 3);
        await CloseAsync(log);
        using (var other = Connect())
        {
            SqliteLogFile.Execute(other, damage);
        }

        log = Open();
        var error = await AssertFailsAsync(log, MessagesToErase.WithIds("room", [1, 2, 3]));

        Assert.Equal($"nothing was erased: {words}", error.Message);
        Assert.Equal("text 1", (await log.PageAsync("room", through: 1)).Single().Text);
    }

    [Fact]
    public async Task An_erasure_waits_for_whoever_still_reads_what_the_write_ahead_log_was()
    {
        var log = Open();
        await FillAsync(log, 3);
        using var other = Connect();
        SqliteLogFile.Execute(other, "BEGIN");
        Scalar(other, "SELECT count(*) FROM message");

        var erasing = log.EraseAsync(MessagesToErase.WithIds("room", [2]), null, default);
        await Time.UntilDueAsync(TimeSpan.FromMilliseconds(100));
        Assert.Equal("text 2", Scalar(other, "SELECT text FROM message WHERE position = (1 << 40) | 2"));
        Assert.False(erasing.IsCompleted);
        Assert.Equal(AppendResult.Stored(4), await new RecordingStream(log).SendAsync("room", "meanwhile"));

        SqliteLogFile.Execute(other, "COMMIT");
        Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(1, (await erasing.WaitAsync(RecordingStream.Deadline)).Erased);
    }

    [Fact]
    public async Task An_erasure_that_waits_too_long_says_what_was_done_and_what_was_not()
    {
        var log = Open();
        await FillAsync(log, 3);
        using var other = Connect();
        SqliteLogFile.Execute(other, "BEGIN");
        Scalar(other, "SELECT count(*) FROM message");

        var erasing = log.EraseAsync(MessagesToErase.WithIds("room", [2]), null, default);
        while (!erasing.IsCompleted)
        {
            await Task.WhenAny(erasing, Time.UntilDueAsync(TimeSpan.FromMilliseconds(100)));
            Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        var error = await Assert.ThrowsAsync<LogMaintenanceException>(() => erasing.WaitAsync(RecordingStream.Deadline));
        Assert.StartsWith("the texts of 1 messages were erased, but ", error.Message, StringComparison.Ordinal);
        Assert.Contains("chat.db-wal cannot be emptied, because another process is reading the log", error.Message, StringComparison.Ordinal);

        // Checkpoints go on, and the same command completes it.
        SqliteLogFile.Execute(other, "COMMIT");
        var summary = await EraseAsync(log, MessagesToErase.WithIds("room", [2]));
        Assert.Equal((0, 1), (summary.Erased, summary.ErasedBefore));
        Assert.Equal(0, new FileInfo(DatabasePath + "-wal").Length);
    }

    [Fact]
    public async Task Of_a_message_that_is_not_kept_any_more_only_its_sender_can_have_the_hash_erased()
    {
        var log = Open();
        await FillAsync(log, 5);
        await CloseAsync(log);
        using (var other = Connect())
        {
            RowChecksum.AddFunctions(other);
            SqliteLogFile.Execute(other, """
                DELETE FROM message WHERE position < (1 << 40) | 3;
                UPDATE room SET oldest = 3, checksum = room_checksum(room_id, CAST(name AS BLOB), 3, head);
                """);
        }

        log = Open();
        var error = await AssertFailsAsync(log, MessagesToErase.WithIds("room", [2, 3]));
        Assert.Equal("nothing was erased: message 2 of room room is not kept any more; its oldest is 3", error.Message);

        var summary = await EraseAsync(log, MessagesToErase.OfSender("ann"));
        Assert.Equal((3, 0), (summary.Erased, summary.ErasedBefore));
        Assert.Equal(AppendResult.Found(1), await new RecordingStream(log).SendAsync("room", "ann-1", "another"));
        await CloseAsync(log);
        using var closed = Connect();
        Assert.Equal(0L, Scalar(closed, "SELECT count(*) FROM sent_key WHERE content_hash <> zeroblob(16)"));
    }

    [Fact]
    public async Task Two_erasures_at_once_are_done_one_after_the_other()
    {
        var log = Open();
        await FillAsync(log, 50);

        var summaries = await Task.WhenAll(
            EraseAsync(log, MessagesToErase.OfSender("ann")), EraseAsync(log, MessagesToErase.WithIds("room", [1, 2, 3])));

        Assert.Equal(50, summaries.Sum(summary => summary.Erased));
        Assert.Equal(3, summaries.Sum(summary => summary.ErasedBefore));
    }

    private static Task<ErasureSummary> EraseAsync(IMessageLog log, MessagesToErase messages) =>
        log.EraseAsync(messages, null, CancellationToken.None).WaitAsync(RecordingStream.Deadline);

    private static Task<LogMaintenanceException> AssertFailsAsync(IMessageLog log, MessagesToErase messages) =>
        Assert.ThrowsAsync<LogMaintenanceException>(() => EraseAsync(log, messages));

    private static void ThrowIf(bool isFull)
    {
        if (isFull)
        {
            throw new StoreUnavailableException("the disk is full");
        }
    }

    private static async Task FillAsync(IMessageLog log, int count)
    {
        var ann = new RecordingStream(log);
        for (var n = 1; n <= count; n++)
        {
            await ann.HandOverAsync("room", $"ann-{n}", $"text {n}");
        }

        await ann.AnswersAsync(count);
    }
}
