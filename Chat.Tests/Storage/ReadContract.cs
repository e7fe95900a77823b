using System.Text;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>Reads: which messages a reader gets, and that they are the ones that were sent.</summary>
public abstract class ReadContract(LogKind kind) : MessageLogTest(kind)
{
    [Theory]
    [InlineData(0, long.MaxValue, 1, 10)]
    [InlineData(0, 10, 1, 10)]
    [InlineData(0, 1, 1, 1)]
    [InlineData(4, 7, 5, 7)]
    [InlineData(4, long.MaxValue, 5, 10)]
    [InlineData(9, 10, 10, 10)]
    [InlineData(0, 0, 1, 0)]
    [InlineData(4, 4, 5, 4)]
    [InlineData(7, 5, 8, 7)]
    [InlineData(10, long.MaxValue, 11, 10)]
    [InlineData(11, long.MaxValue, 12, 11)]
    [InlineData(long.MaxValue - 1, long.MaxValue, 12, 11)]
    public async Task A_read_gives_what_follows_a_position_up_to_another(
        long after,
        long through,
        int first,
        int last)
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        await StoreAsync(log, "next", 20);

        var page = await log.PageAsync("room", after, through);

        Assert.Equal(
            Enumerable.Range(first, last - first + 1).Select(id => ((long)id, $"room {id}")),
            page.Select(message => (message.Id, message.Text)));
    }

    [Fact]
    public async Task A_read_ends_at_the_message_that_the_sink_declines()
    {
        var log = Open();
        await StoreAsync(log, "room", 10);
        var sink = new CollectingSink(most: 3);

        await log.ReadAsync("room", 2, sink);

        Assert.Equal([3, 4, 5], sink.Messages.Select(message => message.Id));
        Assert.Equal(0, sink.OfferedAfterDeclining);
        Assert.Equal([6, 7, 8, 9, 10], (await log.PageAsync("room", 5)).Select(message => message.Id));
    }

    [Fact]
    public async Task A_page_has_at_most_500_messages()
    {
        var log = Open();
        await StoreAsync(log, "room", 1_201);

        Assert.Equal(500, (await log.PageAsync("room")).Count);
        Assert.Equal(500, (await log.PageAsync("room", 500)).Count);
        Assert.Equal(201, (await log.PageAsync("room", 1_000)).Count);
        Assert.Equal(Enumerable.Range(1, 1_201).Select(id => $"room {id}"), await log.TextsAsync("room"));
    }

    [Fact]
    public async Task A_message_comes_back_with_everything_that_was_sent()
    {
        var log = Open();
        var offset = new string('ü', 63) + "-1";
        await new RecordingStream(log, "Zoë 🙂").SendAsync("room.1-a_b", offset, "one\r\n\t\u0001two");
        Time.Advance(TimeSpan.FromMicroseconds(1_234_567_891));
        await new RecordingStream(log, "bob").SendAsync("room.1-a_b", "2", "\uFEFF");

        var sent = ManualTime.Start.ToUnixTimeSeconds() * 1_000_000;
        Assert.Equal(
            [
                new ReadMessage("room.1-a_b", 1, "Zoë 🙂", offset, "one\r\n\t\u0001two", sent),
                new ReadMessage("room.1-a_b", 2, "bob", "2", "\uFEFF", sent + 1_234_567_891),
            ],
            await log.PageAsync("room.1-a_b"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("é")]
    [InlineData("€")]
    [InlineData("🙂")]
    [InlineData("a\u0301€🙂\n'\";--%")]
    public async Task A_text_of_16_KiB_comes_back_byte_for_byte(string unit)
    {
        const int Bytes = 16 * 1024;
        var log = Open();
        var units = string.Concat(Enumerable.Repeat(unit, Bytes / Encoding.UTF8.GetByteCount(unit)));
        var text = units + new string('.', Bytes - Encoding.UTF8.GetByteCount(units));
        Assert.Equal(Bytes, Encoding.UTF8.GetByteCount(text));

        await new RecordingStream(log).SendAsync("room", "offset", text);

        Assert.Equal([text], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task What_is_not_committed_cannot_be_read()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        await ann.SendAsync("room", "1", "1");
        var held = Gate.HoldNext();
        await ann.HandOverAsync("room", "2", "2");
        await held.ReachedAsync();

        Assert.Equal(new RoomBounds(1, 1), await log.BoundsAsync("room"));
        Assert.Equal(["1"], await log.TextsAsync("room"));
        Assert.Equal(new LogSize(1, 1), log.Size);

        held.Release();
        await ann.AnswersAsync(2);
        held = Gate.HoldNext();
        await ann.HandOverAsync("new", "3", "3");
        await held.ReachedAsync();
        Assert.Equal(["1", "2"], await log.TextsAsync("room"));
        Assert.Equal(RoomBounds.Empty, await log.BoundsAsync("new"));
        Assert.Empty(await log.PageAsync("new"));
        Assert.Equal(new LogSize(1, 2), log.Size);

        held.Release();
        await ann.AnswersAsync(3);
        Assert.Equal(["3"], await log.TextsAsync("new"));
        Assert.Equal(new LogSize(2, 3), log.Size);
    }

    [Fact]
    public async Task A_message_stored_while_a_page_is_read_is_not_missed()
    {
        var log = Open();
        await StoreAsync(log, "room", 3);
        var ann = new RecordingStream(log);
        var sink = new CollectingSink
        {
            OnMessage = message =>
            {
                if (message.Id == 2)
                {
                    ann.SendAsync("room", "4", "room 4").Wait(RecordingStream.Deadline);
                }
            },
        };

        await log.ReadAsync("room", 0, sink, through: 3);
        var rest = await log.PageAsync("room", 3);

        Assert.Equal([1, 2, 3], sink.Messages.Select(message => message.Id));
        Assert.Equal(["room 4"], rest.Select(message => message.Text));
    }

    [Fact]
    public async Task Readers_that_follow_a_growing_room_see_every_message_once_and_in_order()
    {
        const int Messages = 2_000;
        var log = Open();
        var readers = Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            var seen = new List<long>();
            while (seen.Count < Messages)
            {
                seen.AddRange((await log.PageAsync("room", seen.Count)).Select(message => message.Id));
            }

            return seen;
        })).ToList();

        await StoreAsync(log, "room", Messages);

        foreach (var reader in readers)
        {
            var seen = await reader.WaitAsync(RecordingStream.Deadline);
            Assert.Equal(Enumerable.Range(1, Messages).Select(id => (long)id), seen);
        }
    }

    /// <summary>Stores "room 1", "room 2", … in a room that is empty.</summary>
    private static async Task StoreAsync(IMessageLog log, string room, int count)
    {
        var stream = new RecordingStream(log, "storer");
        for (var id = 1; id <= count; id++)
        {
            await stream.HandOverAsync(room, $"{id}", $"{room} {id}");
        }

        var answers = await stream.AnswersAsync(count);
        Assert.Equal(
            Enumerable.Range(1, count).Select(id => AppendResult.Stored(id)),
            answers.Select(send => send.Result));
    }
}

public sealed class InMemoryReadTests() : ReadContract(LogKind.InMemory);

public sealed class SqliteReadTests() : ReadContract(LogKind.Sqlite);

public sealed class PostgresReadTests() : ReadContract(LogKind.Postgres);
