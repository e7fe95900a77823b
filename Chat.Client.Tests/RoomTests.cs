using Grpc.Core;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>Joining and leaving, against a service that does what the test says.</summary>
public sealed class RoomTests
{
    [Fact]
    public async Task A_refused_join_is_told_to_its_caller_and_not_repeated()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        var joining = client.JoinAsync("ops");
        var first = await chat.WelcomeAsync();
        await first.UntilAsync(s => s.Joins.Any());
        await first.SayAsync(new ChatResponse { Left = { new Left { Room = "ops", Reason = Reason.Forbidden, Detail = "no" } } });

        Assert.Equal(RefusalReason.Forbidden, (await Assert.ThrowsAsync<ChatRefusedException>(joining.Soon)).Reason);
        Assert.Equal(new RoomLeft("ops", RefusalReason.Forbidden, "no"), await events.NextAsync<RoomLeft>());
        first.Fail(StatusCode.Unavailable);
        var second = await chat.WelcomeAsync();
        _ = client.JoinAsync("dev");
        await second.JoinedAsync("dev", after: 0, head: 0);
        Assert.Equal("dev", Assert.Single(second.Joins).Room);
    }

    [Fact]
    public async Task After_a_leave_and_a_join_what_was_said_of_the_earlier_join_is_dropped()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var stream = await chat.WelcomeAsync();
        await stream.JoinedAsync("ops", after: 0, head: 2);
        await stream.SayAsync(Scripted.Messages("ops", 1, 2));
        await events.UntilAsync(taken => taken.Messages.Count() == 2);

        Assert.True(client.Leave("ops"));
        Assert.False(client.Leave("ops"));
        var joining = client.JoinAsync("ops");
        await stream.UntilAsync(s => s.Joins.Count() == 2);
        await stream.SayAsync(Scripted.Messages("ops", 3));
        await stream.SayAsync(new ChatResponse { Left = { new Left { Room = "ops" } } });
        Assert.False(joining.IsCompleted);
        await stream.SayAsync(Scripted.Joined("ops", after: 0, head: 3));
        await stream.SayAsync(Scripted.Messages("ops", 1, 2, 3));
        await joining.Soon();
        await events.UntilAsync(taken => taken.Ids().Contains(3));

        Assert.Equal([1, 2, 1, 2, 3], events.Ids());
        Assert.False(stream.Joins.Last().HasAfterId);
        Assert.Single(stream.Leaves);
    }

    [Fact]
    public async Task Of_two_unanswered_joins_only_the_answer_to_the_second_counts()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops", JoinFrom.Now);
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Joins.Any());
        client.Leave("ops");
        _ = client.JoinAsync("ops");
        await stream.UntilAsync(s => s.Joins.Count() == 2);
        await stream.SayAsync(Scripted.Joined("ops", after: 5, head: 5));
        await stream.SayAsync(Scripted.Messages("ops", 6));
        await stream.SayAsync(new ChatResponse { Left = { new Left { Room = "ops" } } });
        await stream.SayAsync(Scripted.Joined("ops", after: 0, head: 6));
        await stream.SayAsync(Scripted.Messages("ops", 1));

        await events.UntilAsync(taken => taken.Messages.Any());
        Assert.Equal([1], events.Ids());
        Assert.Equal(0, Assert.Single(events.All.OfType<RoomJoined>()).AfterId);
    }

    [Fact]
    public async Task A_message_without_text_is_skipped_and_an_erased_one_is_not_and_the_position_moves_past_both()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var first = await chat.WelcomeAsync();
        await first.JoinedAsync("ops", after: 0, head: 3);
        var frame = Scripted.Messages("ops", 1, 2, 3, 4);
        frame.Messages[1].Text = "";
        frame.Messages[2].Text = "";
        frame.Messages[2].Erased = true;
        frame.Messages[3].Text = "";
        frame.CaughtUp.Add(new CaughtUp { Room = "ops", Id = 4 });
        await first.SayAsync(frame);
        await events.NextAsync<RoomCaughtUp>();
        first.Fail(StatusCode.Unavailable);

        var join = await (await chat.WelcomeAsync()).JoinedAsync("ops", after: 4, head: 4);
        Assert.Equal(4, join.AfterId);
        Assert.Equal([(1L, false), (3L, true)], events.Messages.Select(message => (message.Id, message.IsErased)));
    }

    [Fact]
    public async Task A_gap_and_a_reset_are_told_before_the_messages_that_follow_them()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var first = await chat.WelcomeAsync();
        await first.JoinedAsync("ops", after: 0, head: 2);
        await first.SayAsync(Scripted.Messages("ops", 1, 2));
        await events.UntilAsync(taken => taken.Messages.Count() == 2);
        first.Fail(StatusCode.Unavailable);
        var second = await chat.WelcomeAsync();
        await second.JoinedAsync("ops", after: 7, head: 8, resume: Resume.Gap);
        await second.SayAsync(Scripted.Messages("ops", 8));
        await events.UntilAsync(taken => taken.Ids().Contains(8));
        second.Fail(StatusCode.Unavailable);
        var third = await chat.WelcomeAsync();
        await third.JoinedAsync("ops", after: 0, head: 1, logId: "other", resume: Resume.Reset);
        await third.SayAsync(Scripted.Messages("ops", 1));
        await events.UntilAsync(taken => taken.Messages.Count() == 4);

        var told = events.All.Where(e => e is MessageReceived or RoomGap or RoomReset).Select(e => e is MessageReceived m ? $"{m.Message.LogId} {m.Message.Id}" : $"{e}");
        Assert.Equal(
            ["log 1", "log 2", $"{new RoomGap("ops", 2, 7)}", "log 8", $"{new RoomReset("ops", "other", 0) { FormerLogId = "log", LastId = 8 }}", "other 1"], told);
    }

    [Fact]
    public async Task A_reader_that_retention_overtakes_is_told_of_the_gap_and_goes_on()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var stream = await chat.WelcomeAsync();
        await stream.JoinedAsync("ops", after: 0, head: 20);
        await stream.SayAsync(Scripted.Messages("ops", 1));
        await stream.SayAsync(Scripted.Joined("ops", after: 9, head: 20, resume: Resume.Gap));
        await stream.SayAsync(Scripted.Messages("ops", 10));

        await events.UntilAsync(taken => taken.Ids().Contains(10));
        Assert.Equal(new RoomGap("ops", 1, 9), Assert.Single(events.All.OfType<RoomGap>()) with { Taken = null });
        Assert.Equal(ConnectionState.Connected, client.Connection.State);
        Assert.DoesNotContain(events.All, e => e is ConnectionChanged { State: ConnectionState.Waiting });
    }

    [Fact]
    public async Task A_gap_that_goes_back_ends_the_stream_and_repeats_nothing()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var stream = await chat.WelcomeAsync();
        await stream.JoinedAsync("ops", after: 0, head: 20);
        await stream.SayAsync(Scripted.Messages("ops", 1, 2, 3));
        await stream.SayAsync(Scripted.Joined("ops", after: 1, head: 20, resume: Resume.Gap));
        await stream.SayAsync(Scripted.Messages("ops", 2, 3, 4));

        var again = await chat.WelcomeAsync();
        var join = await again.JoinedAsync("ops", after: 3, head: 20);
        await again.SayAsync(Scripted.Messages("ops", 4));
        await events.UntilAsync(taken => taken.Ids().Contains(4));

        Assert.Equal((3, "log"), (join.AfterId, join.LogId));
        Assert.Equal([1, 2, 3, 4], events.Ids());
        Assert.Empty(events.All.OfType<RoomGap>());
    }

    [Fact]
    public async Task A_paused_room_that_retention_overtakes_continues_after_a_gap()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxQueuedEvents = 4 });
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var stream = await chat.WelcomeAsync();
        await stream.JoinedAsync("ops", after: 0, head: 5);
        await stream.SayAsync(Scripted.Messages("ops", 1, 2, 3, 4, 5));
        await stream.UntilAsync(s => s.Leaves.Any());
        await stream.SayAsync(new ChatResponse { Left = { new Left { Room = "ops" } } });

        var taking = events.UntilAsync(taken => taken.Ids().Contains(21));
        var join = await stream.JoinedAsync("ops", after: 20, head: 21, resume: Resume.Gap);
        await stream.SayAsync(Scripted.Messages("ops", 21));
        await taking.Soon();

        Assert.Equal((5, "log"), (join.AfterId, join.LogId));
        Assert.Equal([1, 2, 3, 4, 5, 21], events.Ids());
        var gap = Assert.Single(events.All.OfType<RoomGap>());
        Assert.Equal((5, 20), (gap.LastId, gap.AfterId));
        Assert.Equal(events.All.IndexOf(gap) + 1, events.All.FindIndex(e => e is MessageReceived { Message.Id: 21 }));
        Assert.Single(events.All.OfType<RoomJoined>());
    }

    [Fact]
    public async Task A_join_is_answered_also_while_the_application_takes_no_events()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxQueuedEvents = 4 });
        await using var events = new ClientEvents(client);
        await Task.WhenAll(client.JoinAsync("ops"), FloodAsync()).Soon();
        var stream = flooded!;

        var joining = client.JoinAsync("dev", JoinFrom.Now);
        await stream.JoinedAsync("dev", after: 7, head: 7);
        await joining.Soon();
        await stream.UntilAsync(s => s.Leaves.Count() == 2);
        await stream.SayAsync(Scripted.Messages("dev", 8)); // In transit when the room was left: dropped, and requested again.

        var taking = events.UntilAsync(taken => taken.Ids("dev").Any() && taken.Ids().Count() == 11);
        await stream.UntilAsync(s => s.Joins.Count() == 4);
        Assert.Equal([("dev", 7), ("ops", 10)], stream.Joins.Skip(2).Select(join => (join.Room, join.AfterId)).Order());
        await stream.SayAsync(Scripted.Joined("dev", after: 7, head: 8));
        await stream.SayAsync(Scripted.Joined("ops", after: 10, head: 11));
        await stream.SayAsync(Scripted.Messages("dev", 8));
        await stream.SayAsync(Scripted.Messages("ops", 11));
        await taking.Soon();
        Assert.Equal(Enumerable.Range(1, 11).Select(id => (long)id), events.Ids());

        async Task FloodAsync()
        {
            flooded = await chat.WelcomeAsync();
            await flooded.JoinedAsync("ops", after: 0, head: 10);
            await flooded.SayAsync(Scripted.Messages("ops", Enumerable.Range(1, 10).Select(id => (long)id)));
            await flooded.UntilAsync(s => s.Leaves.Any());
        }
    }

    [Fact]
    public async Task A_room_that_is_left_and_joined_again_while_events_wait_is_told_in_that_order()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxQueuedEvents = 4 });
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var stream = await chat.WelcomeAsync();
        await stream.JoinedAsync("ops", after: 0, head: 10);
        await stream.SayAsync(Scripted.Messages("ops", 1, 2, 3, 4, 5));
        await stream.UntilAsync(s => s.Leaves.Any());
        client.Leave("ops");
        var joining = client.JoinAsync("ops", JoinFrom.Now);
        await stream.JoinedAsync("ops", after: 10, head: 10);
        await joining.Soon();
        await events.UntilAsync(taken => taken.All.OfType<RoomJoined>().Count() == 2);

        Assert.IsType<RoomLeft>(events.All[^2]);
        Assert.Equal([1, 2, 3, 4, 5], events.Ids());
    }

    [Fact]
    public async Task What_the_service_says_of_rooms_and_messages_that_nobody_knows_is_ignored()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        var stream = await chat.WelcomeAsync();
        await stream.SayAsync(Scripted.Joined("nowhere", after: 3, head: 4));
        var frame = Scripted.Messages("nowhere", 9, 7);
        frame.Acks.Add(new Ack { Room = "nowhere", ClientOffset = "nobody's", Id = 4 });
        frame.Refusals.Add(new Refusal { Room = "nowhere", ClientOffset = "nobody's", Reason = Reason.Invalid });
        frame.CaughtUp.Add(new CaughtUp { Room = "nowhere", Id = 4 });
        frame.Left.Add(new Left { Room = "nowhere", Reason = Reason.Forbidden });
        frame.Signals.Add(new Signal { Room = "nowhere" });
        frame.Presence.Add(new Presence { Room = "nowhere", User = "bob" });
        await stream.SayAsync(frame);

        var sending = client.SendAsync("ops", "hello");
        await stream.UntilAsync(s => s.Sends.Any());
        await stream.AckAsync(stream.Sends);
        Assert.Equal(1, (await sending.Soon()).Id);
        await client.DisposeAsync();
        while (await events.TakeAsync())
        {
        }

        Assert.All(events.All, e => Assert.IsType<ConnectionChanged>(e));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_room_that_the_service_has_ended_and_the_application_joins_again_goes_on_after_the_last_message(bool hasFile)
    {
        using var directory = new TempDirectory();
        await using var chat = await ScriptedChat.StartAsync();
        var options = LibraryTests.Quick(chat.Address) with { StateStore = hasFile ? new SqliteStateStore(Path.Combine(directory.Path, "state")) : null };
        await using (var earlier = ChatClient.Open(options))
        {
            await ReadAsync(earlier, after: 0, 1, 2);
        }

        await using var client = ChatClient.Open(options);
        var last = hasFile ? 2 : 0;
        var stream = await ReadAsync(client, last, last + 1, last + 2);
        _ = client.JoinAsync("ops");
        var join = await stream.JoinedAsync("ops", after: last + 2, head: last + 2);

        Assert.Equal(last + 2, join.AfterId);

        // Reads until the service ends the join.
        async Task<ScriptedStream> ReadAsync(ChatClient reader, long after, params long[] ids)
        {
            await using var events = new ClientEvents(reader);
            _ = reader.JoinAsync("ops");
            var opened = await chat.WelcomeAsync();
            var first = await opened.JoinedAsync("ops", after, ids[^1]);
            Assert.Equal(after, first.AfterId);
            await opened.SayAsync(Scripted.Messages("ops", ids));
            await opened.SayAsync(new ChatResponse { Left = { new Left { Room = "ops", Reason = Reason.Forbidden } } });
            await events.NextAsync<RoomLeft>();
            return opened;
        }
    }

    private ScriptedStream? flooded;
}
