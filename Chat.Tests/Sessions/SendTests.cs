using System.Text;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Sessions;

/// <summary>Promises 2 and 3: at most one message for a key, and an ack only for what is stored; and what is refused.</summary>
public sealed class SendTests
{
    [Fact]
    public async Task A_retry_after_a_lost_ack_gives_one_row_and_the_same_id()
    {
        await using var server = await ChatServer.StartAsync();
        await using (var dropped = server.Open("ann", "last-seen-id", "latest"))
        {
            await dropped.SendAsync("k-1", "hello");

            // The row is stored; the ack is never read.
            await using var watcher = await server.JoinAsync("bob");
            await watcher.UntilAsync(c => c.Messages.Count == 1);
        }

        await using var retry = await server.JoinAsync("ann");
        await retry.SendAsync("k-1", "hello");
        await retry.SendAsync("k-2", "next");
        await retry.UntilAsync(c => c.Acks.Count == 2 && c.Messages.Count == 2);

        Assert.Equal(new Ack { Room = "lobby", ClientOffset = "k-1", Id = 1, Duplicate = true }, retry.Acks[0]);
        Assert.Equal(new Ack { Room = "lobby", ClientOffset = "k-2", Id = 2 }, retry.Acks[1]);
        Assert.Equal(["hello", "next"], retry.Messages.Select(m => m.Text));
    }

    [Fact]
    public async Task The_same_key_with_other_text_is_refused()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");
        await ann.SendManyAsync("lobby", [("k-1", "hello"), ("k-1", "hullo"), ("k-1", "hello")]);

        var refusal = Assert.Single(ann.Refusals);
        Assert.Equal(("lobby", "k-1", Reason.OffsetReused), (refusal.Room, refusal.ClientOffset, refusal.Reason));
        Assert.NotEmpty(refusal.Detail);
        Assert.Equal([(1L, false), (1L, true)], ann.Acks.Select(a => (a.Id, a.Duplicate)));
    }

    [Fact]
    public async Task The_same_key_of_another_user_or_in_another_room_is_independent()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");
        await using var bob = server.Open("bob", "room", "-");
        await ann.SendManyAsync("lobby", [("k-1", "from ann")]);
        await ann.SendManyAsync("other", [("k-1", "from ann, elsewhere")]);
        await bob.SendManyAsync("lobby", [("k-1", "from bob")]);
        await ann.UntilAsync(c => c.Messages.Count == 2);

        Assert.Equal(["from ann", "from bob"], ann.Messages.Select(m => m.Text));
        Assert.All(ann.Acks.Concat(bob.Acks), ack => Assert.False(ack.Duplicate));
    }

    [Fact]
    public async Task Two_live_streams_of_one_sender_resending_the_same_run_keep_its_order()
    {
        const int Count = 300;
        await using var server = await ChatServer.StartAsync();
        var run = Enumerable.Range(0, Count).Select(n => ($"k-{n}", $"{n}")).ToList();
        await using var one = server.Open("ann", "room", "-");
        await using var two = server.Open("ann", "room", "-");

        await Task.WhenAll(one.SendManyAsync("lobby", run), two.SendManyAsync("lobby", run));

        await using var reader = await server.JoinAsync("bob");
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);
        Assert.Equal(run.Select(send => send.Item2), reader.Messages.Select(m => m.Text));
        Assert.Equal(one.Acks.Select(a => a.Id), two.Acks.Select(a => a.Id));
        Assert.Equal(Count, one.Acks.Concat(two.Acks).Count(a => !a.Duplicate));
    }

    [Fact]
    public async Task Nothing_is_acked_or_delivered_before_it_is_committed()
    {
        using var held = new ManualResetEventSlim();
        using var reached = new SemaphoreSlim(0);
        await using var server = await ChatServer.StartAsync(beforeCommit: _ =>
        {
            reached.Release();
            held.Wait(ChatCall.Deadline, CancellationToken.None);
        });
        await using var ann = await server.JoinAsync("ann");
        await ann.UntilAsync(c => c.CaughtUp.Count == 1);
        await ann.SendAsync("k-1", "hello");
        Assert.True(await reached.WaitAsync(ChatCall.Deadline));

        // Written and not committed. The stream is alive, and what it says now holds neither ack nor message.
        await ann.JoinAsync(new Join { Room = "other" });
        await ann.UntilAsync(c => c.CaughtUp.Count == 2);
        Assert.Empty(ann.Acks);
        Assert.Empty(ann.Messages);

        held.Set();
        await ann.UntilAsync(c => c.Acks.Count == 1 && c.Messages.Count == 1);
    }

    [Fact]
    public async Task A_message_carries_what_was_sent_and_who_sent_it()
    {
        await using var server = await ChatServer.StartAsync();
        const string Text = "Grüße, 世界 👋 \u202e\u0007";
        await using var ann = new ChatCall(server.Channel, "user-bin", "Anaïs");
        await ann.SendAsync("clé-1", Text);
        await ann.UntilAsync(c => c.Messages.Count == 1);

        var message = ann.Messages[0];
        Assert.Equal(("lobby", 1, "Anaïs", Text, "clé-1"), (message.Room, message.Id, message.Sender, message.Text, message.ClientOffset));
        Assert.InRange(message.SentAt.ToDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        Assert.False(message.Erased);
    }

    public static TheoryData<string, string, string, Reason> Refused => new()
    {
        { "", "k", "", Reason.Invalid },
        { "", "", "no offset", Reason.Invalid },
        { "", "line\nbreak", "control in the offset", Reason.Invalid },
        { "", "c1\u0085", "control in the offset", Reason.Invalid },
        { "", new string('k', 129), "long offset", Reason.Invalid },
        { "", new string('é', 65), "130 bytes", Reason.Invalid },
        { "", "k", "nul \0 inside", Reason.Invalid },
        { "UPPER", "k", "room", Reason.Invalid },
        { "-dash", "k", "room", Reason.Invalid },
        { "a b", "k", "room", Reason.Invalid },
        { new string('r', 65), "k", "room", Reason.Invalid },
        { "", "k", new string('x', 16_385), Reason.TooLarge },
        { "", "k", new string('é', 8_193), Reason.TooLarge },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_bad_send_is_refused_and_stores_nothing_and_the_stream_lives_on(
        string room,
        string offset,
        string text,
        Reason reason)
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");

        await ann.SendAsync(offset, text, room);
        await ann.SendAsync("good", "good");
        await ann.UntilAsync(c => c.Refusals.Count == 1 && c.Acks.Count == 1 && c.Messages.Count == 1);

        var refusal = ann.Refusals[0];
        Assert.Equal(reason, refusal.Reason);
        Assert.NotEmpty(refusal.Detail);
        Assert.StartsWith(refusal.ClientOffset, offset, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(refusal.ClientOffset), Math.Min(127, Encoding.UTF8.GetByteCount(offset)), 128);
        Assert.Equal(room.Length == 0 ? "lobby" : room, refusal.Room);
        Assert.Equal(1, ann.Acks[0].Id);
        Assert.Equal(new GrpcChat.AspNetCore.Storage.LogSize(1, 1), server.Log.Size);
    }

    [Theory]
    [InlineData(16_384, 'x', 1)]
    [InlineData(8_192, 'é', 2)]
    public async Task A_text_of_exactly_the_limit_is_stored(int length, char letter, int bytesPerLetter)
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");
        var text = new string(letter, length);
        Assert.Equal(16_384, length * bytesPerLetter);

        await ann.SendAsync(new string('k', 128), text);
        await ann.UntilAsync(c => c.Messages.Count == 1);

        Assert.Equal(text, ann.Messages[0].Text);
    }

    [Fact]
    public async Task A_stored_key_is_acked_even_where_its_text_has_become_too_large()
    {
        using var data = new TempDirectory();
        var text = new string('x', 2000);
        await using (var before = await ChatServer.StartAsync(directory: data.Path))
        {
            await using var call = server(before);
            await call.SendManyAsync("lobby", [("k", text)]);
        }

        await using var after = await ChatServer.StartAsync(options => options.MaxTextBytes = 1000, data.Path);
        await using var ann = server(after);
        await ann.SendManyAsync("lobby", [("k", text), ("k", text + "!"), ("new", text)]);

        Assert.Equal((1, true), (ann.Acks[0].Id, ann.Acks[0].Duplicate));
        Assert.Equal([Reason.OffsetReused, Reason.TooLarge], ann.Refusals.Select(r => r.Reason));

        static ChatCall server(ChatServer of) => of.Open("ann", "room", "-");
    }

    [Fact]
    public async Task A_send_without_a_room_is_refused_where_the_stream_has_no_first_room()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");

        await ann.SendAsync("k", "where to?");
        await ann.SendAsync("k", "there", "there");
        await ann.UntilAsync(c => c.Refusals.Count == 1 && c.Acks.Count == 1);

        Assert.Equal(("", Reason.Invalid), (ann.Refusals[0].Room, ann.Refusals[0].Reason));
        Assert.Equal("there", ann.Acks[0].Room);
        Assert.Empty(ann.Joined);
    }

    [Fact]
    public async Task New_rooms_are_refused_beyond_their_limits_and_sends_to_old_ones_are_not()
    {
        var time = new ManualTime();
        await using var server = await ChatServer.StartAsync(options => options.MaxNewRoomsPerSenderAndMinute = 2, time: time);
        await using var ann = server.Open("ann", "room", "-");
        await ann.SendManyAsync("one", [("k", "x")]);
        time.Advance(TimeSpan.FromSeconds(15));
        await ann.SendManyAsync("two", [("k", "x")]);
        await ann.SendManyAsync("three", [("k", "x")]);
        await ann.SendManyAsync("two", [("k", "x"), ("k2", "x")]);

        var refusal = ann.Refusals.Single();
        Assert.Equal(("three", Reason.Limit), (refusal.Room, refusal.Reason));
        Assert.Equal(TimeSpan.FromSeconds(45), refusal.RetryAfter.ToTimeSpan());
        Assert.Equal([("one", 1), ("two", 1), ("two", 1), ("two", 2)], ann.Acks.Select(a => (a.Room, (int)a.Id)));
        Assert.Equal(2, server.Log.Size.Rooms);
    }

    [Fact]
    public async Task A_refused_text_does_not_overtake_the_ack_of_an_earlier_send_with_its_key()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        var send = new Send { Room = "lobby", ClientOffset = "k", Text = "hello" };
        await ann.WriteAsync(new ChatRequest
        {
            Sends = { send, new Send(send) { Text = "" }, new Send(send) { Text = "a\0b" }, new Send(send) { Text = "other" }, send },
        });
        await ann.UntilAsync(c => c.Acks.Count == 2 && c.Refusals.Count == 3);

        // Paired by key, the first answer must be that of the send that is stored.
        var first = ann.Frames.First(frame => frame.Acks.Count + frame.Refusals.Count > 0);
        Assert.NotEmpty(first.Acks);
        Assert.Equal([Reason.Invalid, Reason.Invalid, Reason.OffsetReused], ann.Refusals.Select(r => r.Reason));
    }

    [Fact]
    public async Task An_ack_does_not_overtake_the_refusal_of_an_earlier_send_with_its_key()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        var send = new Send { Room = "lobby", ClientOffset = "k", Text = "hello" };
        await ann.WriteAsync(new ChatRequest { Sends = { new Send(send) { Text = "" }, send } });
        await ann.UntilAsync(c => c.Acks.Count == 1 && c.Refusals.Count == 1);

        // Acks of a frame are read before its refusals, so the two can't be in one.
        var first = ann.Frames.First(frame => frame.Acks.Count + frame.Refusals.Count > 0);
        Assert.Single(first.Refusals);
        Assert.Empty(first.Acks);
    }

    [Fact]
    public async Task A_mebibyte_of_empty_sends_is_answered_one_by_one()
    {
        const int Count = 200_000;
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        var request = new ChatRequest();
        request.Sends.AddRange(Enumerable.Repeat(new Send(), Count));

        var writing = ann.WriteAsync(request);
        await ann.UntilAsync(c => c.Refusals.Count == Count);
        await writing;
        await ann.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(ann.Acks);
    }

    [Fact]
    public async Task Acks_of_a_room_follow_the_order_of_its_sends()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        var offsets = Enumerable.Range(0, 1000).Select(n => $"k-{n}").ToList();

        await ann.SendManyAsync("lobby", offsets.Select(offset => (offset, offset)));

        Assert.Equal(offsets, ann.Acks.Select(a => a.ClientOffset));
        Assert.Equal(Enumerable.Range(1, 1000).Select(id => (long)id), ann.Acks.Select(a => a.Id));
    }
}
