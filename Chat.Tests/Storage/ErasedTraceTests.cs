using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>
/// No file of the log has a trace of what was erased: not in a row, not in the free space of a page where a row once was, not in the
/// write-ahead log. Every text has words that no other has, so a search of the bytes finds each piece of it.
/// </summary>
public sealed class ErasedTraceTests : SqliteMessageLogTest
{
    private const int Seed = 24;

    private static readonly string[] Senders = ["ann", "bob", "carol"];

    [Theory]
    [InlineData(2000, 30_000, 40)]
    [InlineData(6000, 1200, 300)]
    [InlineData(9000, 60, 700)]
    public async Task Of_random_messages_out_of_thousands_no_word_is_left_in_any_file(int messages, int longest, int erased)
    {
        var log = Open();
        var stored = await StoreAsync(log, messages, longest);

        var chosen = await EraseAsync(log, stored, erased);

        AssertNoTrace(chosen);
        await AssertContentAsync(log, stored, chosen);
        await CloseAsync(log);
        AssertNoTrace(chosen);
        using var closed = Connect();
        Assert.Equal("ok", Scalar(closed, "PRAGMA integrity_check"));
    }

    [Fact]
    public async Task No_word_comes_back_with_what_is_stored_while_and_after_messages_are_erased()
    {
        var log = Open();
        var stored = await StoreAsync(log, 4000, 1500);
        using var enough = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            var ann = new RecordingStream(log, "late");
            for (var n = 0; !enough.IsCancellationRequested; n++)
            {
                await ann.SendAsync($"room-{n % 7}", $"late-{n}", new string('z', n % 3000));
            }
        });

        var chosen = await EraseAsync(log, stored, 300);

        AssertNoTrace(chosen);
        await Task.Delay(200);
        await enough.CancelAsync();
        await sending;
        AssertNoTrace(chosen);
        await CloseAsync(log);
        AssertNoTrace(chosen);
    }

    [Fact]
    public async Task A_log_that_an_older_version_wrote_keeps_no_word_either()
    {
        var log = Open();
        var stored = await StoreAsync(log, 4000, 3000);
        await CloseAsync(log);

        // Version 1 did not clear what it freed, and version 2 wrote every row anew.
        using (var old = Connect())
        {
            SqliteLogFile.Execute(old, """
                PRAGMA secure_delete = OFF;
                ALTER TABLE message DROP COLUMN erased;
                ALTER TABLE message DROP COLUMN checksum;
                ALTER TABLE room DROP COLUMN checksum;
                ALTER TABLE sent_key DROP COLUMN checksum;
                CREATE TABLE copy AS SELECT * FROM message;
                DROP TABLE copy;
                PRAGMA user_version = 1;
                """);
            Assert.True((long)Scalar(old, "PRAGMA freelist_count")! > 100);
        }

        log = Open();
        var chosen = await EraseAsync(log, stored, 200);

        AssertNoTrace(chosen);
        await AssertContentAsync(log, stored, chosen);
    }

    [Fact]
    public async Task A_log_of_version_2_keeps_its_rows_as_they_are_and_only_its_free_pages_are_cleared()
    {
        var log = Open();
        var stored = await StoreAsync(log, 500, 2000);
        var before = await log.PageAsync("room-1");
        await CloseAsync(log);
        object? checksums;
        using (var old = Connect())
        {
            SqliteLogFile.Execute(old, """
                PRAGMA secure_delete = OFF;
                ALTER TABLE message DROP COLUMN erased;
                CREATE TABLE copy AS SELECT * FROM message;
                DROP TABLE copy;
                PRAGMA user_version = 2;
                """);
            checksums = Scalar(old, "SELECT sum(checksum) FROM message");
        }

        log = Open();

        Assert.Equal(before, await log.PageAsync("room-1"));
        await CloseAsync(log);
        using (var closed = Connect())
        {
            Assert.Equal((long)SqliteSchema.Version, Scalar(closed, "PRAGMA user_version"));
            Assert.Equal(checksums, Scalar(closed, "SELECT sum(checksum) FROM message"));
            Assert.True((long)Scalar(closed, "PRAGMA freelist_count")! > 50);
        }

        log = Open();
        AssertNoTrace(await EraseAsync(log, stored, 500));
    }

    [Fact]
    public async Task Not_even_a_hash_of_the_text_is_left()
    {
        var log = Open();
        var stored = await StoreAsync(log, 3000, 100);

        var chosen = await EraseAsync(log, stored, 300);

        var files = ReadFiles();
        Assert.All(chosen.Where(text => text.Length >= 6), text => Assert.All(files, file =>
            Assert.Equal(-1, file.Content.AsSpan().IndexOf(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16)))));
    }

    [Fact]
    public async Task No_word_comes_back_when_pages_that_had_one_are_written_again()
    {
        var log = Open(Options with { MaxNewRoomsPerSenderAndMinute = 1000 });
        var stored = await StoreAsync(log, 6000, 1200, rooms: 400);
        var chosen = await EraseAsync(log, stored, 1500);

        // The end of each room is on another page.
        var late = new RecordingStream(log, "late");
        for (var room = 0; room < 400; room++)
        {
            await late.HandOverAsync($"room-{room}", "late");
        }

        await late.AnswersAsync(400);
        await CloseAsync(log);

        AssertNoTrace(chosen);
    }

    // In several rooms, in a random order, so that pages are split everywhere. From the length on, texts take more than one page.
    private static async Task<Dictionary<(string Room, long Id), string>> StoreAsync(
        IMessageLog log, int messages, int longest, int rooms = 7)
    {
        var random = new Random(Seed);
        var stored = new Dictionary<(string, long), string>();
        var heads = new long[rooms];
        var streams = Senders.Select(sender => new RecordingStream(log, sender)).ToArray();
        for (var n = 0; n < messages; n++)
        {
            var room = random.Next(heads.Length);
            var text = Text(random, n, (int)Math.Pow(longest, random.NextDouble()));
            await streams[n % 3].HandOverAsync($"room-{room}", $"offset-{n}", text);
            stored.Add(($"room-{room}", ++heads[room]), text);
        }

        await Task.WhenAll(streams.Select((stream, s) => stream.AnswersAsync((messages - s + 2) / 3)));
        foreach (var room in Enumerable.Range(0, heads.Length).Select(n => $"room-{n}"))
        {
            // The streams of three senders are stored in the order in which they were queued.
            foreach (var message in await log.AllAsync(room))
            {
                Assert.Equal(stored[(room, message.Id)], message.Text);
            }
        }

        return stored;
    }

    // Words of eight characters, each of which has the number of the message in it; shorter texts are a part of one.
    private static string Text(Random random, int n, int length)
    {
        var text = new StringBuilder();
        while (text.Length < length)
        {
            text.Append(CultureInfo.InvariantCulture, $"§{n:x4}{(char)('a' + random.Next(26))}{(char)('a' + random.Next(26))}{(char)('a' + random.Next(26))}");
        }

        return text.ToString(0, Math.Max(1, length));
    }

    private static async Task<List<string>> EraseAsync(
        IMessageLog log, Dictionary<(string Room, long Id), string> stored, int count)
    {
        var random = new Random(Seed);
        var keys = stored.Keys.ToArray();
        random.Shuffle(keys);
        await Task.WhenAll(keys.Take(count).GroupBy(key => key.Room).Select(room =>
            log.EraseAsync(MessagesToErase.WithIds(room.Key, room.Select(key => key.Id)), null, default)))
            .WaitAsync(RecordingStream.Deadline);

        return [.. keys.Take(count).Select(key => stored[key])];
    }

    private void AssertNoTrace(IReadOnlyCollection<string> texts)
    {
        // The first word and one from the middle; a word is a text's own.
        var words = texts
            .SelectMany(text => new[] { 0, text.Length / 16 * 8 }.Select(at => text[at..Math.Min(at + 6, text.Length)]))
            .Where(word => word.Length >= 5)
            .Distinct()
            .ToArray();
        Assert.NotEmpty(words);
        var search = SearchValues.Create(words, StringComparison.Ordinal);
        foreach (var (name, content) in ReadFiles())
        {
            // One character for each byte, and for a paragraph sign the two bytes that it has in UTF-8.
            var characters = Encoding.Latin1.GetString(content).Replace("Â§", "§", StringComparison.Ordinal);
            var at = characters.AsSpan().IndexOfAny(search);
            Assert.True(at < 0, at < 0 ? "" : $"{name} has {characters.AsSpan(at, 8)} at {at}");
        }
    }

    private List<(string Name, byte[] Content)> ReadFiles() => [.. Directory.GetFiles(DataDirectory)
        .Where(path => !path.EndsWith(".lock", StringComparison.Ordinal)) // It is empty.
        .Select(path =>
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return (Path.GetFileName(path), content);
    })];

    private static async Task AssertContentAsync(
        IMessageLog log, Dictionary<(string Room, long Id), string> stored, List<string> erased)
    {
        var gone = erased.ToHashSet();
        foreach (var room in stored.Keys.GroupBy(key => key.Room))
        {
            var texts = await log.TextsAsync(room.Key);
            Assert.Equal(room.Count(), texts.Length);
            foreach (var (_, id) in room)
            {
                var text = stored[(room.Key, id)];
                Assert.True(texts[id - 1] == text || (texts[id - 1].Length == 0 && gone.Contains(text)), $"{room.Key} {id}");
            }
        }
    }
}
