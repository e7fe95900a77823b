using GrpcChat.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>Sending messages.</summary>
public sealed class SendTests
{
    [Fact]
    public async Task A_send_returns_with_its_id_when_it_is_acked_and_not_before()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        var sending = client.SendAsync("ops", "hello");
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Sends.Any());
        Assert.False(sending.IsCompleted);
        Assert.Equal(1, client.OutboxCount);
        await stream.SayAsync(new ChatResponse { Acks = { new Ack { Room = "ops", ClientOffset = stream.Sends.Single().ClientOffset, Id = 7 } } });

        var sent = await sending.Soon();
        Assert.Equal(new SentMessage("ops", stream.Sends.Single().ClientOffset, 7, false), sent);
        Assert.Equal(0, client.OutboxCount);
    }

    [Fact]
    public async Task A_repeated_key_is_stored_once_and_refused_with_another_text()
    {
        await using var server = await ChatServer.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address));

        var first = await client.SendAsync("ops", "hello", "key").Soon();
        var second = await client.SendAsync("ops", "hello", "key").Soon();
        var refused = await Assert.ThrowsAsync<ChatRefusedException>(() => client.SendAsync("ops", "other", "key").Soon());
        var page = await client.ReadHistoryAsync("ops").Soon();

        Assert.Equal((1, false), (first.Id, first.WasStoredBefore));
        Assert.Equal((1, true), (second.Id, second.WasStoredBefore));
        Assert.Equal(RefusalReason.OffsetReused, refused.Reason);
        Assert.Equal("hello", Assert.Single(page.Messages).Text);
    }

    [Fact]
    public async Task A_key_that_waits_is_one_message_and_everybody_who_gave_it_is_answered()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        await client.EnqueueAsync("ops", "hello", "key");
        var first = client.SendAsync("ops", "hello", "key");
        var second = client.SendAsync("ops", "hello", "key");
        var other = await Assert.ThrowsAsync<ChatRefusedException>(() => client.SendAsync("ops", "other", "key"));
        await client.EnqueueAsync("ops", "end");
        var stream = await chat.WelcomeAsync("ops");
        await stream.UntilAsync(s => s.Texts.Contains("end"));
        await stream.AckAsync(stream.Sends);

        Assert.Equal(["hello", "end"], stream.Texts);
        Assert.Equal(RefusalReason.OffsetReused, other.Reason);
        Assert.Equal(1, (await first.Soon()).Id);
        Assert.Equal(1, (await second.Soon()).Id);
        Assert.Equal("key", (await events.NextAsync<MessageAcked>()).ClientOffset);
    }

    [Fact]
    public async Task Each_of_32_concurrent_callers_finds_its_messages_in_the_order_of_its_calls()
    {
        const int Callers = 32;
        const int Each = 50;
        await using var server = await ChatServer.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address) with { MaxOutboxMessages = 100 });
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(n => Task.Run(async () =>
        {
            for (var m = 0; m < Each; m++)
            {
                await client.EnqueueAsync("ops", $"{n} {m}").Soon();
            }
        })));
        await client.FlushAsync().Soon();

        await using var log = await server.JoinAsync("auditor", "ops");
        await log.UntilAsync(reader => reader.CaughtUp.Count > 0);
        Assert.Equal(Callers * Each, log.Messages.Count);
        for (var n = 0; n < Callers; n++)
        {
            Assert.Equal(
                Enumerable.Range(0, Each).Select(m => $"{n} {m}"),
                log.Messages.Select(message => message.Text).Where(text => text.StartsWith($"{n} ", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Where_the_outbox_is_full_callers_wait_in_their_order_and_a_cancelled_one_leaves_nothing()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxOutboxMessages = 2 });
        using var cancellation = new CancellationTokenSource();
        await client.EnqueueAsync("ops", "a").Soon();
        await client.EnqueueAsync("ops", "b").Soon();
        var third = client.EnqueueAsync("ops", "c");
        var cancelled = client.EnqueueAsync("ops", "d", cancellationToken: cancellation.Token);
        var fifth = client.EnqueueAsync("ops", "e");
        Assert.False(third.IsCompleted || cancelled.IsCompleted || fifth.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(cancelled.Soon);

        var stream = await chat.WelcomeAsync("ops");
        await stream.UntilAsync(s => s.Sends.Count() == 2);
        await stream.AckAsync(stream.Sends.First());
        await third.Soon();
        await stream.UntilAsync(s => s.Sends.Count() == 3);
        Assert.False(fifth.IsCompleted);
        await stream.AckAsync(stream.Sends.Skip(1));
        await fifth.Soon();
        await stream.UntilAsync(s => s.Sends.Count() == 4);
        Assert.Equal(["a", "b", "c", "e"], stream.Texts);
    }

    [Fact]
    public async Task The_outbox_is_full_by_bytes_also_for_a_small_message_behind_a_large_one()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxOutboxBytes = 10 });
        using var cancellation = new CancellationTokenSource();
        await client.EnqueueAsync("ops", "12345678").Soon();
        var large = client.EnqueueAsync("ops", "äöü", cancellationToken: cancellation.Token); // 6 bytes
        var small = client.EnqueueAsync("ops", "1");
        Assert.False(large.IsCompleted || small.IsCompleted);
        await cancellation.CancelAsync();
        await small.Soon();

        var tooLarge = client.EnqueueAsync("ops", "larger than all of it");
        var stream = await chat.WelcomeAsync("ops");
        await stream.UntilAsync(s => s.Sends.Count() == 2);
        Assert.False(tooLarge.IsCompleted);
        await stream.AckAsync(stream.Sends);
        await tooLarge.Soon();
        Assert.Equal(["12345678", "1"], stream.Texts);
    }

    [Fact]
    public async Task An_application_that_takes_no_events_gets_ten_thousand_messages_acked_in_a_flooded_room_and_misses_nothing()
    {
        const int Own = 10_000;
        const int Others = 5000;
        await using var server = await ChatServer.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address) with { MaxQueuedEvents = 500 });
        await client.JoinAsync("ops").Soon();
        var flood = server.FillAsync("ops", Others);
        for (var n = 0; n < Own; n++)
        {
            await client.EnqueueAsync("ops", $"{n}").Soon();
        }

        await client.FlushAsync().Soon();
        await flood;
        await using var events = new ClientEvents(client);
        for (var n = 0; n < Own + Others; n++)
        {
            await events.NextAsync<MessageReceived>();
        }

        Assert.Equal(Enumerable.Range(1, Own + Others).Select(id => (long)id), events.Ids());

        // The acks that found no space have become one, that of the last message.
        var last = events.Messages.Last(message => message.Sender == "ann").Id;
        await events.UntilAsync(taken => taken.All.OfType<MessageAcked>().LastOrDefault()?.Id == last);
        Assert.InRange(events.All.OfType<MessageAcked>().Count(), 1, 600);
    }

    [Fact]
    public async Task Acks_that_are_not_taken_become_one_for_each_room_and_it_is_the_last()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxQueuedEvents = 8 });
        var keys = new List<string>();
        for (var n = 0; n < 100; n++)
        {
            keys.Add(await client.EnqueueAsync(n % 2 == 0 ? "ops" : "dev", $"{n}"));
        }

        var stream = await chat.WelcomeAsync("ops", "dev");
        await stream.UntilAsync(s => s.Sends.Count() == 100);
        await stream.AckAsync(stream.Sends);
        await client.FlushAsync().Soon();
        await client.DisposeAsync();
        await using var events = new ClientEvents(client);
        while (await events.TakeAsync())
        {
        }

        var acked = events.All.OfType<MessageAcked>().ToList();
        Assert.InRange(acked.Count, 2, 10);
        Assert.Equal(keys[98], acked.Last(a => a.Room == "ops").ClientOffset);
        Assert.Equal(keys[99], acked.Last(a => a.Room == "dev").ClientOffset);
    }

    [Fact]
    public async Task A_refusal_is_thrown_to_whoever_waits_and_else_it_is_an_event_that_holds_its_place_until_it_is_taken()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxOutboxMessages = 2 });
        await client.EnqueueAsync("ops", "a", "key-a").Soon();
        var sending = client.SendAsync("ops", "b", "key-b");
        var stream = await chat.WelcomeAsync("ops");
        await stream.UntilAsync(s => s.Sends.Count() == 2);
        await stream.SayAsync(new ChatResponse
        {
            Refusals =
            {
                new Refusal { Room = "ops", ClientOffset = "key-a", Reason = Reason.Limit, Detail = "no" },
                new Refusal { Room = "ops", ClientOffset = "key-b", Reason = Reason.TooLarge, Detail = "no" },
            },
        });
        Assert.Equal(RefusalReason.TooLarge, (await Assert.ThrowsAsync<ChatRefusedException>(sending.Soon)).Reason);
        await client.EnqueueAsync("ops", "c").Soon();
        var waiting = client.EnqueueAsync("ops", "d");
        Assert.False(waiting.IsCompleted);

        // Breaking out of the loop does not keep it for ever: the next loop that asks for an event has processed it.
        await using (var events = new ClientEvents(client))
        {
            var refused = await events.NextAsync<MessageRefused>();
            Assert.Equal(("key-a", "a", RefusalReason.Limit), (refused.ClientOffset, refused.Text, refused.Reason));
        }

        await using var again = new ClientEvents(client);
        var taking = again.TakeAsync();
        await waiting.Soon();
        await stream.UntilAsync(s => s.Texts.Contains("c"));
        await stream.AckAsync(stream.Sends.Skip(2));
        await taking.Soon();
    }

    [Fact]
    public async Task A_send_whose_caller_has_gone_is_sent_and_its_answer_is_an_event()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        using var cancellation = new CancellationTokenSource();
        var sending = client.SendAsync("ops", "hello", "key", cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(sending.Soon);
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Sends.Any());
        await stream.AckAsync(stream.Sends);

        Assert.Equal("key", (await events.NextAsync<MessageAcked>()).ClientOffset);
    }

    [Fact]
    public async Task Disposing_waits_for_the_answers_that_are_missing()
    {
        await using var server = await ChatServer.StartAsync();
        var client = ChatClient.Open(LibraryTests.Quick(server.Address) with { FlushTimeout = ChatCall.Deadline });
        for (var n = 0; n < 300; n++)
        {
            await client.EnqueueAsync("ops", $"{n}").Soon();
        }

        await client.DisposeAsync().AsTask().Soon();

        await using var log = await server.JoinAsync("auditor", "ops");
        await log.UntilAsync(reader => reader.CaughtUp.Count > 0);
        Assert.Equal(Enumerable.Range(0, 300).Select(n => $"{n}"), log.Messages.Select(message => message.Text));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.SendAsync("ops", "late").Soon());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.EnqueueAsync("ops", "late").Soon());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.JoinAsync("ops").Soon());
    }

    [Fact]
    public async Task Disposing_waits_no_longer_than_the_flush_timeout_where_nobody_answers()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { TimeProvider = time, FlushTimeout = TimeSpan.FromSeconds(4) });
        var sending = client.SendAsync("ops", "hello");
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Sends.Any());
        var disposing = client.DisposeAsync().AsTask();
        await time.UntilDueAsync(TimeSpan.FromSeconds(4));
        time.Advance(TimeSpan.FromSeconds(3.999));
        Assert.False(disposing.IsCompleted);
        Assert.False(stream.Gone.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.001));

        await disposing.Soon();
        await stream.Gone.Soon();
        await Assert.ThrowsAsync<ObjectDisposedException>(sending.Soon);
    }

    [Fact]
    public async Task Disposing_ends_the_loop_that_waits_for_events()
    {
        await using var chat = await ScriptedChat.StartAsync();
        var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        await chat.WelcomeAsync();
        await events.StateAsync(ConnectionState.Connected);
        var taking = events.TakeAsync();
        await client.DisposeAsync().AsTask().Soon();

        // The last event is that the client is closed.
        Assert.True(await taking.Soon());
        Assert.Equal(new ConnectionChanged(ConnectionState.Closed, null), events.All[^1]);
        Assert.False(await events.TakeAsync());
    }

    [Fact]
    public async Task A_second_loop_over_the_events_goes_on_where_the_first_has_stopped()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 10);
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address));
        await client.JoinAsync("ops").Soon();
        var seen = new List<long>();
        while (seen.Count < 10)
        {
            await using var events = new ClientEvents(client);
            seen.Add((await events.NextAsync<MessageReceived>()).Message.Id);
        }

        Assert.Equal(Enumerable.Range(1, 10).Select(id => (long)id), seen);
    }
}
