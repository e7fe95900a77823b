using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Storage;

/// <summary>Rooms: how they are created, how many there may be, and that they are kept apart.</summary>
public abstract class RoomContract(LogKind kind) : MessageLogTest(kind)
{
    [Fact]
    public async Task An_unknown_room_is_empty_and_reading_it_creates_nothing()
    {
        var log = Open();

        Assert.Equal(new RoomBounds(1, 0), await log.BoundsAsync("unknown"));
        Assert.Empty(await log.PageAsync("unknown"));
        Assert.Equal(new LogSize(0, 0), log.Size);
        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("unknown", "offset"));
        Assert.Equal(new LogSize(1, 1), log.Size);
    }

    [Fact]
    public async Task Rooms_are_listed_by_name_with_their_newest_id_and_its_time()
    {
        var log = Open();
        var ann = new RecordingStream(log);
        foreach (var room in (string[])["b", "a", "a-1", "c"])
        {
            await ann.SendAsync(room, "1");
        }

        Time.Advance(TimeSpan.FromHours(1));
        await ann.SendAsync("b", "2");
        await log.PageAsync("only-read");

        var rooms = await log.ListRoomsAsync("", 10, CancellationToken.None);
        var middle = await log.ListRoomsAsync("a", 2, CancellationToken.None);

        Assert.Equal([("a", 1), ("a-1", 1), ("b", 2), ("c", 1)], rooms.Select(room => (room.Name, room.Head)));
        Assert.Equal((await log.PageAsync("b"))[1].SentAt, rooms[2].LastSentAt);
        Assert.Equal(rooms.Skip(1).Take(2), middle);
    }

    [Fact]
    public async Task A_room_whose_first_message_is_not_committed_is_not_listed()
    {
        var log = Open();
        var held = Gate.HoldNext();
        var sending = new RecordingStream(log).SendAsync("new", "1");
        await held.ReachedAsync();

        Assert.Empty(await log.ListRoomsAsync("", 10, CancellationToken.None));
        held.Release();
        await sending;
        Assert.Single(await log.ListRoomsAsync("", 10, CancellationToken.None));
    }

    [Fact]
    public async Task Ten_thousand_rooms_are_kept_apart()
    {
        const int Rooms = 10_000;

        // Rooms are made one after the other: the last ones wait for all the others.
        var log = Open(Options with { MaxNewRoomsPerSenderAndMinute = Rooms, LockTimeout = TimeSpan.FromMinutes(1) });
        var ann = new RecordingStream(log);

        // Each room has one, two or three messages, so that neighbours differ. The sends go to the rooms in turn.
        var sends = 0;
        for (var i = 1; i <= 3; i++)
        {
            for (var room = 0; room < Rooms; room++)
            {
                if (i <= MessagesOf(room))
                {
                    await ann.HandOverAsync($"room-{room}", $"{i}", $"{room}: {i}");
                    sends++;
                }
            }
        }

        await ann.AnswersAsync(sends);

        Assert.Equal(new LogSize(Rooms, sends), log.Size);
        for (var room = 0; room < Rooms; room++)
        {
            var bounds = await log.BoundsAsync($"room-{room}");
            var page = await log.PageAsync($"room-{room}");

            Assert.Equal(new RoomBounds(1, MessagesOf(room)), bounds);
            Assert.Equal(
                Enumerable.Range(1, MessagesOf(room)).Select(i => ($"room-{room}", (long)i, $"{room}: {i}")),
                page.Select(message => (message.Room, message.Id, message.Text)));
        }

        static int MessagesOf(int room) => 1 + (room % 3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_room_beyond_the_limit_is_refused_while_existing_rooms_accept_messages(bool inOneBatch)
    {
        var log = Open(Options with { MaxRooms = 2 });
        var (ann, bob) = (new RecordingStream(log, "ann"), new RecordingStream(log, "bob"));

        var results = await SendAsync(
            log,
            inOneBatch,
            ann.NewSend("one", "1"),
            ann.NewSend("two", "1"),
            ann.NewSend("three", "1"),
            bob.NewSend("three", "1"),
            ann.NewSend("one", "1"),
            bob.NewSend("two", "1"),
            ann.NewSend("one", "2"));

        Assert.Equal(
            [
                AppendResult.Stored(1),
                AppendResult.Stored(1),
                Refusals.TooManyRooms(2),
                Refusals.TooManyRooms(2),
                AppendResult.Found(1),
                AppendResult.Stored(2),
                AppendResult.Stored(2),
            ],
            results);
        Assert.Equal(Reason.Limit, results[2].Refused?.Reason);
        Assert.Equal(RoomBounds.Empty, await log.BoundsAsync("three"));
        Assert.Equal(new LogSize(2, 4), log.Size);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_sender_with_too_many_new_rooms_in_a_minute_is_refused_and_others_are_not(bool inOneBatch)
    {
        var log = Open(Options with { MaxNewRoomsPerSenderAndMinute = 2 });
        var (ann, bob) = (new RecordingStream(log, "ann"), new RecordingStream(log, "bob"));

        var results = await SendAsync(
            log,
            inOneBatch,
            ann.NewSend("one", "1"),
            ann.NewSend("one", "2"),
            ann.NewSend("two", "1"),
            ann.NewSend("three", "1"),
            ann.NewSend("two", "1"),
            ann.NewSend("two", "2"),
            bob.NewSend("three", "1"),
            ann.NewSend("three", "1"));

        Assert.Equal(
            [
                AppendResult.Stored(1),
                AppendResult.Stored(2),
                AppendResult.Stored(1),
                Refusals.TooManyNewRooms(2, TimeSpan.FromMinutes(1)),
                AppendResult.Found(1),
                AppendResult.Stored(2),
                AppendResult.Stored(1),
                AppendResult.Stored(2),
            ],
            results);
        Assert.Equal(Reason.Limit, results[3].Refused?.Reason);
        Assert.Equal(new LogSize(3, 6), log.Size);
    }

    [Fact]
    public async Task A_send_that_cannot_make_its_room_reserves_no_place_for_it()
    {
        var log = Open(Options with { MaxNewRoomsPerSenderAndMinute = 2 });
        var ann = new RecordingStream(log, "ann");
        var held = Gate.HoldNext();

        var first = await ann.HandOverAsync("one", "1");
        await held.ReachedAsync();
        var refused = await ann.HandOverAsync("two", "1", refuseIfNew: Unwanted);
        var second = await ann.HandOverAsync("three", "1");
        var late = await ann.HandOverAsync("two", "2");
        held.Release();
        await ann.AnswersAsync(4);

        Assert.Equal(
            [AppendResult.Stored(1), Unwanted, AppendResult.Stored(1), Refusals.TooManyNewRooms(2, TimeSpan.FromMinutes(1))],
            new[] { first.Result, refused.Result, second.Result, late.Result });
    }

    [Fact]
    public async Task Senders_under_one_quota_create_no_more_rooms_than_one()
    {
        var log = Open(Options with { MaxNewRoomsPerSenderAndMinute = 2 });
        var results = new List<AppendResult>();
        foreach (var sender in (string[])["ann", "bob", "cid"])
        {
            var stream = new RecordingStream(log, sender);
            var send = new Append(stream, $"of-{sender}", sender, "1", [1]) { Quota = "192.0.2.1" };
            await log.AppendAsync(send, CancellationToken.None);
            await stream.AnswerAsync(send);
            results.Add(send.Result);
        }

        Assert.Equal([AppendResult.Stored(1), AppendResult.Stored(1), Refusals.TooManyNewRooms(2, TimeSpan.FromMinutes(1))], results);
    }

    [Fact]
    public async Task A_sender_may_create_rooms_again_when_the_minute_is_over()
    {
        var log = Open(Options with { MaxNewRoomsPerSenderAndMinute = 1 });
        var ann = new RecordingStream(log);
        Assert.Equal(AppendResult.Stored(1), await ann.SendAsync("one", "1"));

        Time.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(Refusals.TooManyNewRooms(1, TimeSpan.FromMilliseconds(1)), await ann.SendAsync("two", "1"));

        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(AppendResult.Stored(1), await ann.SendAsync("two", "1"));
        Assert.Equal(Refusals.TooManyNewRooms(1, TimeSpan.FromMinutes(1)), await ann.SendAsync("three", "1"));
    }

    [Fact]
    public async Task A_failed_batch_does_not_use_up_the_new_rooms_of_its_senders()
    {
        var log = Open(Options with { MaxNewRoomsPerSenderAndMinute = 1 });
        Gate.FailNext(new StoreUnavailableException("the disk is full"));
        var failing = new RecordingStream(log);
        await failing.HandOverAsync("room", "offset");
        await failing.FailureAsync();

        Assert.Equal(AppendResult.Stored(1), await new RecordingStream(log).SendAsync("room", "offset"));
        Assert.Equal(Refusals.TooManyNewRooms(1, TimeSpan.FromMinutes(1)), await new RecordingStream(log).SendAsync("two", "offset"));
    }

    [Fact]
    public void A_log_has_an_id_and_a_location()
    {
        var log = Open();

        Assert.Matches("^[0-9a-f]{32}$", log.LogId);
        Assert.NotEmpty(log.Location);
    }
}

public sealed class InMemoryRoomTests() : RoomContract(LogKind.InMemory);

public sealed class SqliteRoomTests() : RoomContract(LogKind.Sqlite);

public sealed class PostgresRoomTests() : RoomContract(LogKind.Postgres);
