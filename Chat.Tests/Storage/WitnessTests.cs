using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>
/// What a start finds after files of the log were damaged, removed or replaced: SQLite takes the part of a write-ahead
/// log that it can read for the whole, so only the witness tells.
/// </summary>
public sealed class WitnessTests : SqliteMessageLogTest
{
    private const int Messages = 20;

    private string Image => Path.Combine(TempPath, "image");

    private string ImageOf(string suffix) => Path.Combine(Image, "chat.db" + suffix);

    [Fact]
    public async Task A_log_that_was_killed_is_complete()
    {
        await CopyRunningLogAsync();

        await using var log = SqliteMessageLog.Open(Image);

        Assert.Equal(Messages, (await log.PageAsync("room")).Count);
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("truncated")]
    [InlineData("flipped")]
    [InlineData("swapped")]
    public async Task A_log_that_lost_its_newest_messages_with_its_write_ahead_log_is_refused(string damage)
    {
        await CopyRunningLogAsync();
        var wal = ImageOf("-wal");
        switch (damage)
        {
            case "deleted":
                File.Delete(wal);
                break;
            case "truncated":
                using (var file = new FileStream(wal, FileMode.Open))
                {
                    file.SetLength(file.Length / 2);
                }

                break;
            case "flipped":
                var bytes = await File.ReadAllBytesAsync(wal);
                bytes[bytes.Length / 2] ^= 1;
                await File.WriteAllBytesAsync(wal, bytes);
                break;
            default:
                await File.WriteAllBytesAsync(wal, new byte[new FileInfo(wal).Length]);
                break;
        }

        AssertRefused("lacks", $"{ImageOf(".witness")} shows", "--accept-data-loss");
        AssertRefused("lacks"); // A second attempt does not believe the first.
    }

    [Fact]
    public async Task A_loss_that_is_accepted_gives_the_log_a_new_id_once()
    {
        var before = await CopyRunningLogAsync();
        File.Delete(ImageOf("-wal"));
        var accepting = new LogOptions { AcceptDataLoss = true };
        string id;
        await using (var log = SqliteMessageLog.Open(Image, accepting))
        {
            id = log.LogId;
            Assert.NotEqual(before, id);
            await new RecordingStream(log).SendAsync("room", "new");
        }

        await using (var again = SqliteMessageLog.Open(Image, accepting))
        {
            Assert.Equal(id, again.LogId);
        }

        await using var without = SqliteMessageLog.Open(Image);
        Assert.Equal(id, without.LogId);
    }

    [Fact]
    public async Task An_older_copy_of_the_database_is_refused()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        await CloseAsync(log);
        var older = await File.ReadAllBytesAsync(DatabasePath);
        log = Open();
        await new RecordingStream(log).SendAsync("room", "2");
        await CloseAsync(log);

        await File.WriteAllBytesAsync(DatabasePath, older);

        Assert.Contains(
            "lacks 1 of the 2 messages", Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(DataDirectory)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_another_log_is_refused()
    {
        await CopyRunningLogAsync();
        File.Delete(ImageOf("-wal"));
        var other = Path.Combine(TempPath, "other");
        await SqliteMessageLog.Open(other).DisposeAsync();
        File.Copy(Path.Combine(other, "chat.db"), ImageOf(""), overwrite: true);

        AssertRefused("is not the log that");
    }

    [Fact]
    public async Task A_database_without_its_witness_is_refused()
    {
        await CopyRunningLogAsync();
        File.Delete(ImageOf(".witness"));

        AssertRefused(".witness is missing");
    }

    [Theory]
    [InlineData("")]
    [InlineData("half a line")]
    [InlineData("0123456789abcdef0123456789abcdef 7 0000000000000000")]
    public async Task A_damaged_witness_is_told_from_a_damaged_log(string content)
    {
        await CopyRunningLogAsync();
        await File.WriteAllTextAsync(ImageOf(".witness"), content);

        AssertRefused($"{ImageOf(".witness")} is damaged");
    }

    [Fact]
    public async Task A_witness_that_cannot_be_written_is_one_line_at_the_start()
    {
        await CopyRunningLogAsync();
        File.Delete(ImageOf("-wal"));
        Directory.CreateDirectory(ImageOf(".witness.new"));

        var error = Assert.Throws<LogOpenException>(
            () => SqliteMessageLog.Open(Image, new LogOptions { AcceptDataLoss = true }));
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task A_missing_database_with_a_witness_of_its_messages_does_not_become_an_empty_log()
    {
        await CopyRunningLogAsync();
        File.Delete(ImageOf(""));
        File.Delete(ImageOf("-wal"));

        AssertRefused("chat.db is missing", $"{Messages} messages");
        Assert.False(File.Exists(ImageOf("")));
    }

    [Fact]
    public async Task A_log_that_was_closed_has_a_witness_of_its_last_message()
    {
        var log = Open();
        await new RecordingStream(log).SendAsync("room", "1");
        await new RecordingStream(log).SendAsync("other", "1");
        await CloseAsync(log);

        Assert.Equal(new HeadWitness(log.LogId, 2), HeadWitness.Read(DatabasePath));
    }

    /// <summary>
    /// Copies the files of a log that is in use, as a killed service leaves them. Returns the log's id.
    /// </summary>
    private async Task<string> CopyRunningLogAsync()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        for (var i = 0; i < Messages; i++)
        {
            await ann.SendAsync("room", $"{i}");
        }

        await ReachedAsync(Messages);
        Directory.CreateDirectory(Image);
        foreach (var suffix in (string[])["", "-wal", ".witness"])
        {
            await using var from = new FileStream(DatabasePath + suffix, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = File.Create(ImageOf(suffix));
            await from.CopyToAsync(to);
        }

        return log.LogId;
    }

    // The witness is written by the clock, and beside the writer.
    private async Task ReachedAsync(long sum)
    {
        var deadline = Task.Delay(RecordingStream.Deadline);
        while (HeadWitness.Read(DatabasePath) is not { } witness || witness.SumOfHeads < sum)
        {
            Assert.False(deadline.IsCompleted, "the witness was not written");
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    private void AssertRefused(params string[] words)
    {
        var error = Assert.Throws<LogOpenException>(() => SqliteMessageLog.Open(Image));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }
}
