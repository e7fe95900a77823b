using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>Several nodes on one database are one chat.</summary>
public sealed class NodesTests
{
    private readonly string database = PostgresCluster.Shared.CreateDatabase();

    [Fact]
    public async Task A_stream_gets_what_is_sent_through_its_node_and_through_another_once_and_in_order()
    {
        const int Sends = 400;
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        await using var reader = await b.JoinAsync("reader");
        await using var ann = a.Open("ann", "room", "-");
        await using var bob = b.Open("bob", "room", "-");

        var sending = Task.WhenAll(
            ann.SendManyAsync("lobby", Numbered("ann", Sends)), bob.SendManyAsync("lobby", Numbered("bob", Sends)));
        await reader.UntilAsync(c => c.Messages.Count == 2 * Sends);
        await sending;

        Assert.Equal(Enumerable.Range(1, 2 * Sends).Select(id => (long)id), reader.Ids());
        foreach (var (sender, call) in new[] { ("ann", ann), ("bob", bob) })
        {
            var own = reader.Messages.Where(message => message.Sender == sender).ToList();
            Assert.Equal(Numbered(sender, Sends), own.Select(message => (message.ClientOffset, message.Text)));
            Assert.Equal(own.Select(message => message.Id), call.Acks.Select(ack => ack.Id));
            Assert.All(call.Acks, ack => Assert.False(ack.Duplicate));
        }
    }

    [Fact]
    public async Task A_client_that_moves_to_another_node_goes_on_after_its_last_message()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        await a.FillAsync("lobby", 50);
        await using (var first = await a.JoinAsync("ann"))
        {
            await first.UntilAsync(c => c.Messages.Count >= 30);
        }

        await using var second = await b.JoinAsync("ann", "lobby", "last-seen-id", "30", "log-id", a.LogId);
        await second.UntilAsync(c => c.CaughtUp.Count == 1);

        var joined = Assert.Single(second.Joined);
        Assert.Equal((30L, Resume.Complete, a.LogId), (joined.AfterId, joined.Resume, b.LogId));
        Assert.Equal(Enumerable.Range(31, 20).Select(id => (long)id), second.Ids());
        await a.SendOnceAsync("bob", "lobby", "later", "later");
        await second.UntilAsync(c => c.Messages.Count == 21);
        Assert.Equal(51, second.Messages[^1].Id);
    }

    [Fact]
    public async Task A_client_that_knows_the_newest_message_of_one_node_is_never_ahead_of_another()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        await using (await b.JoinAsync("reader"))
        {
            for (var n = 1; n <= 50; n++)
            {
                var ack = await a.SendOnceAsync("ann", "lobby", $"{n}", $"{n}");

                await using var call = await b.JoinAsync("ann", "lobby", "last-seen-id", $"{ack.Id}", "log-id", b.LogId);

                Assert.Equal((ack.Id, Resume.Complete), (call.Joined[0].AfterId, call.Joined[0].Resume));
            }
        }
    }

    [Fact]
    public async Task Duplicates_across_nodes_are_one_message_and_exactly_one_ack_is_not_marked_duplicate()
    {
        const int Offsets = 100;
        await using var a = PostgresMessageLog.Open(database);
        await using var b = PostgresMessageLog.Open(database);
        var streams = Enumerable.Range(0, 12).Select(n => new RecordingStream(n % 2 == 0 ? a : b)).ToList();

        await Task.WhenAll(streams.Select(stream => Task.Run(async () =>
        {
            for (var i = 1; i <= Offsets; i++)
            {
                await stream.HandOverAsync("room", $"offset {i}", $"text {i}");
            }
        })));
        var answers = await Task.WhenAll(streams.Select(stream => stream.AnswersAsync(Offsets)));

        Assert.All(answers.SelectMany(list => list).GroupBy(send => send.ClientOffset), sends =>
        {
            Assert.Single(sends.Select(send => send.Result.Id).Distinct());
            Assert.Single(sends, send => !send.Result.Duplicate);
        });
        Assert.Equal(Enumerable.Range(1, Offsets).Select(i => $"text {i}"), await a.TextsAsync("room"));
        Assert.Equal(Refusals.OffsetReused, await new RecordingStream(b).SendAsync("room", "offset 1", "another text"));
    }

    [Fact]
    public async Task The_limits_of_rooms_hold_over_all_nodes()
    {
        var options = new LogOptions { MaxRooms = 3, MaxNewRoomsPerSenderAndMinute = 2, Time = new ManualTime() };
        await using var a = PostgresMessageLog.Open(database, options);
        await using var b = PostgresMessageLog.Open(database, options);
        async Task<AppendResult> SendAsync(IMessageLog log, string sender, string room) =>
            await new RecordingStream(log, sender).SendAsync(room, "1");

        Assert.Equal(AppendResult.Stored(1), await SendAsync(a, "ann", "one"));
        Assert.Equal(AppendResult.Stored(1), await SendAsync(b, "ann", "two"));
        Assert.Equal(Refusals.TooManyNewRooms(2, TimeSpan.FromMinutes(1)), await SendAsync(a, "ann", "three"));
        Assert.Equal(AppendResult.Stored(1), await SendAsync(b, "bob", "three"));
        Assert.Equal(Refusals.TooManyRooms(3), await SendAsync(a, "bob", "four"));
        Assert.Equal(AppendResult.Stored(2), await SendAsync(a, "ann", "three"));
        Assert.Equal(["one", "three", "two"], (await a.ListRoomsAsync("", 10, CancellationToken.None)).Select(room => room.Name));
    }

    [Fact]
    public async Task Nodes_that_race_for_the_last_rooms_create_no_more_than_there_may_be()
    {
        var options = new LogOptions { MaxRooms = 5, MaxNewRoomsPerSenderAndMinute = 3 };
        var logs = Enumerable.Range(0, 4).Select(_ => PostgresMessageLog.Open(database, options)).ToList();

        var results = await Task.WhenAll(Enumerable.Range(0, 40).Select(
            n => new RecordingStream(logs[n % 4], n % 2 == 0 ? "ann" : "bob").SendAsync($"room-{n}", "1")));

        Assert.Equal(5, results.Count(result => result.Refused is null));
        Assert.Equal(5, (await logs[0].ListRoomsAsync("", 100, CancellationToken.None)).Count);
        foreach (var log in logs)
        {
            await log.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_message_reaches_another_node_long_before_the_next_look_at_the_heads()
    {
        const int Sends = 30;
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        await using var reader = await b.JoinAsync("reader");
        var begun = TimeProvider.System.GetTimestamp();

        for (var n = 1; n <= Sends; n++)
        {
            await a.SendOnceAsync("ann", "lobby", $"{n}", $"{n}");
            await reader.UntilAsync(c => c.Messages.Count == n);
        }

        // Without hints, each of them would take the second until the next look.
        Assert.InRange(TimeProvider.System.GetElapsedTime(begun).TotalSeconds, 0, Sends / 2);
    }

    [Fact]
    public async Task A_message_of_a_node_that_was_killed_before_it_sent_a_hint_is_delivered()
    {
        await using var b = await StartNodeAsync();
        await using var reader = await b.JoinAsync("reader");
        await using var killed = PostgresServer.Open(database, _ => { });
        var append = new RecordingStream(b.Log).NewSend("lobby", "1", "the last words");

        await new PostgresAppender(killed, new LogOptions()).StoreAsync("lobby", [append], seen: 0);

        await reader.UntilAsync(c => c.Messages.Count == 1);
        Assert.Equal((1L, "the last words"), (reader.Messages[0].Id, reader.Messages[0].Text));
    }

    [Fact]
    public void Rooms_that_nobody_has_sent_to_are_forgotten_with_their_last_follower()
    {
        var feeds = new RoomFeeds(null!, _ => { }, _ => { }, _ => { }, CancellationToken.None) { Follows = room => room == "kept" };
        var (kept, gone) = (feeds.Follow("kept"), feeds.Follow("gone"));

        Assert.Equal([kept], feeds.Followed().Select(room => room.Room));

        Assert.Equal((kept, null), (feeds.Find("kept"), feeds.Find("gone")));
        Assert.NotSame(gone, feeds.Follow("gone"));
    }

    [Fact]
    public async Task Twenty_senders_and_ten_rooms_on_three_nodes_lose_and_repeat_nothing()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        await using var c = await StartNodeAsync();
        ChatServer[] nodes = [a, b, c];
        var rooms = Enumerable.Range(0, 10).Select(n => $"room-{n}").ToList();
        var readers = await Task.WhenAll(nodes.SelectMany(node => rooms.Select(room => node.JoinAsync("reader", room))));

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
        {
            await using var call = nodes[n % 3].Open($"sender-{n}", "room", "-");
            await call.SendManyAsync(rooms[n % 10], Numbered($"{n}", 100));
            await call.SendManyAsync(rooms[(n + 1) % 10], Numbered($"{n}", 100));
            await call.SendManyAsync(rooms[n % 10], Numbered($"{n}", 100));
        }));

        await Task.WhenAll(readers.Select(reader => reader.UntilAsync(r => r.Messages.Count >= 400)));
        Assert.All(readers, reader => Assert.Equal(
            Enumerable.Range(1, 400).Select(id => (long)id), reader.Messages.Select(message => message.Id)));
        foreach (var reader in readers)
        {
            await reader.DisposeAsync();
        }
    }

    private Task<ChatServer> StartNodeAsync(Action<ChatOptions>? set = null) =>
        ChatServer.StartAsync(set, openLog: _ => PostgresMessageLog.Open(database));

    private static IEnumerable<(string Offset, string Text)> Numbered(string prefix, int count) =>
        Enumerable.Range(1, count).Select(n => ($"{prefix}-{n}", $"{n}"));
}
