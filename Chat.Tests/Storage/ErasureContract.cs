using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>What is left of a message that is erased, and what is not touched.</summary>
public abstract class ErasureContract(LogKind kind) : MessageLogTest(kind)
{
    [Fact]
    public async Task An_erased_message_keeps_everything_but_its_text_and_others_keep_that_too()
    {
        var log = Open();
        await FillAsync(log, "room", 5);
        var before = await log.AllAsync("room");
        var told = new List<string>();
        log.Erased += told.Add;

        var summary = await log.EraseAsync(MessagesToErase.WithIds("room", [4, 2, 4]), null, default).WaitAsync(RecordingStream.Deadline);

        Assert.Equal((2, 0), (summary.Erased, summary.ErasedBefore));
        Assert.Equal(
            before.Select(message => message.Id is 2 or 4 ? message with { Text = "", IsErased = true } : message),
            await log.AllAsync("room"));
        Assert.Equal(["room"], told);
        Assert.Equal(AppendResult.Stored(6), await new RecordingStream(log).SendAsync("room", "new"));
        Assert.Equal(new LogSize(1, 6), log.Size);
    }

    [Fact]
    public async Task A_message_is_erased_once_however_often_it_is_asked_for()
    {
        var log = Open();
        await FillAsync(log, "room", 3);
        await log.EraseAsync(MessagesToErase.WithIds("room", [2]), null, default);
        var after = await log.AllAsync("room");

        var summary = await log.EraseAsync(MessagesToErase.WithIds("room", [1, 2]), null, default);

        Assert.Equal((1, 1), (summary.Erased, summary.ErasedBefore));
        Assert.Equal(after[1], (await log.AllAsync("room"))[1]);
    }

    [Fact]
    public async Task A_send_with_the_client_offset_of_an_erased_message_is_acked_with_its_id_whatever_its_text()
    {
        var log = Open();
        await FillAsync(log, "room", 2);
        await log.EraseAsync(MessagesToErase.WithIds("room", [1]), null, default);
        var ann = new RecordingStream(log);

        Assert.Equal(AppendResult.Found(1), await ann.SendAsync("room", "ann-1", "text 1"));
        Assert.Equal(AppendResult.Found(1), await ann.SendAsync("room", "ann-1", "another"));
        Assert.Equal(Refusals.OffsetReused, (await ann.SendAsync("room", "ann-2", "another")).Refused);
        Assert.Equal(["", "text 2"], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task All_messages_of_a_sender_are_erased_in_all_rooms_or_in_one()
    {
        var log = Open();
        await FillAsync(log, "room", 3);
        await FillAsync(log, "room", 2, "bob");
        await FillAsync(log, "other", 2);

        var one = await log.EraseAsync(MessagesToErase.OfSender("ann", "other"), null, default);
        Assert.Equal((2, 0), (one.Erased, one.ErasedBefore));
        Assert.Equal(["text 1", "text 2", "text 3", "text 1", "text 2"], await log.TextsAsync("room"));
        Assert.Equal(["", ""], await log.TextsAsync("other"));

        var all = await log.EraseAsync(MessagesToErase.OfSender("ann"), null, default);
        Assert.Equal((3, 2), (all.Erased, all.ErasedBefore));
        Assert.Equal(["", "", "", "text 1", "text 2"], await log.TextsAsync("room"));
    }

    [Fact]
    public async Task However_many_messages_a_sender_has_all_are_erased()
    {
        var log = Open();
        await FillAsync(log, "room", 1300);
        await FillAsync(log, "other", 30, "bob");

        var summary = await log.EraseAsync(MessagesToErase.OfSender("ann"), null, default).WaitAsync(RecordingStream.Deadline);

        Assert.Equal((1300, 0), (summary.Erased, summary.ErasedBefore));
        Assert.All(await log.TextsAsync("room"), Assert.Empty);
        Assert.All(await log.TextsAsync("other"), Assert.NotEmpty);
    }

    [Theory]
    [InlineData("nothing was erased: room room has no message 4; its newest is 3", "room", 1, 4)]
    [InlineData("nothing was erased: room room has no message 0; its newest is 3", "room", 0, 1)]
    [InlineData("nothing was erased: room moor has never had a message", "moor", 1)]
    public async Task If_one_message_is_unknown_none_is_erased(string error, string room, params int[] ids)
    {
        var log = Open();
        await FillAsync(log, "room", 3);

        var thrown = await Assert.ThrowsAsync<LogMaintenanceException>(
            () => log.EraseAsync(MessagesToErase.WithIds(room, ids.Select(id => (long)id)), null, default));

        Assert.Equal(error, thrown.Message);
        Assert.Equal(["text 1", "text 2", "text 3"], await log.TextsAsync("room"));
    }

    [Theory]
    [InlineData("eve", null, "nothing was erased: 'eve' has never sent a message")]
    [InlineData("bob", "room", "nothing was erased: 'bob' has never sent a message to room room")]
    [InlineData("ann", "moor", "nothing was erased: 'ann' has never sent a message to room moor")]
    public async Task An_unknown_sender_is_named(string sender, string? room, string error)
    {
        var log = Open();
        await FillAsync(log, "room", 1);
        await FillAsync(log, "other", 1, "bob");

        var thrown = await Assert.ThrowsAsync<LogMaintenanceException>(
            () => log.EraseAsync(MessagesToErase.OfSender(sender, room), null, default));

        Assert.Equal(error, thrown.Message);
        Assert.Equal(AppendResult.Stored(2), await new RecordingStream(log).SendAsync("room", "new"));
    }

    private protected static async Task FillAsync(IMessageLog log, string room, int count, string sender = "ann")
    {
        var stream = new RecordingStream(log, sender);
        for (var n = 1; n <= count; n++)
        {
            await stream.HandOverAsync(room, $"{sender}-{n}", $"text {n}");
        }

        await stream.AnswersAsync(count);
    }
}

public sealed class InMemoryErasureTests() : ErasureContract(LogKind.InMemory);

public sealed class SqliteErasureContractTests() : ErasureContract(LogKind.Sqlite);

public sealed class PostgresErasureTests() : ErasureContract(LogKind.Postgres);
