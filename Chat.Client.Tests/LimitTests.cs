using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using GrpcChat.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>Messages that the service refuses for a while: nothing is lost, and the order of a room stays.</summary>
public sealed class LimitTests : LibraryTest
{
    private readonly ManualTime time = new();

    [Fact]
    public async Task More_new_rooms_than_a_minute_allows_only_take_longer()
    {
        const int Rooms = 7;
        await using var server = await ChatServer.StartAsync(
            options =>
            {
                options.MaxNewRoomsPerSenderAndMinute = 3;

                // The clock jumps by a minute, which must not look like a silent service.
                options.HeartbeatInterval = TimeSpan.FromHours(1);
            },
            time: time);
        await using var client = ChatClient.Open(LibraryTests.Quick(server.Address) with { TimeProvider = time });
        await using var events = new ClientEvents(client);
        for (var n = 0; n < 3 * Rooms; n++)
        {
            await client.EnqueueAsync($"room-{n % Rooms}", $"{n}").Soon();
        }

        var sending = client.SendAsync("one-more", "last");
        var flushing = client.FlushAsync();
        for (var minute = 1; minute < 3; minute++)
        {
            // Each room that has to wait says so.
            var delayed = (Rooms + 1) - (3 * minute);
            for (var n = 0; n < delayed; n++)
            {
                Assert.Equal(TimeSpan.FromMinutes(1), (await events.NextAsync<MessageDelayed>()).RetryAfter);
            }

            Assert.False(flushing.IsCompleted || sending.IsCompleted);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        await flushing.Soon();
        Assert.Equal(1, (await sending.Soon()).Id);
        Assert.Empty(events.All.OfType<MessageRefused>());
        for (var room = 0; room < Rooms; room++)
        {
            var page = await client.ReadHistoryAsync($"room-{room}").Soon();
            Assert.Equal([$"{room}", $"{room + Rooms}", $"{room + (2 * Rooms)}"], page.Messages.Select(message => message.Text));
        }
    }

    [Fact]
    public async Task Nothing_of_a_room_is_sent_before_a_message_that_must_wait_and_other_rooms_go_on()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = Open(chat);
        await using var events = new ClientEvents(client);
        await client.EnqueueAsync("new", "a", "offset-a").Soon();
        await client.EnqueueAsync("new", "b").Soon();
        await client.EnqueueAsync("old", "c").Soon();
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Texts.Contains("c"));

        // If b were on its way, it could be stored before a: somebody else may create the room.
        Assert.Equal(["a", "c"], stream.Texts);
        await stream.AckAsync(stream.Sends.Where(send => send.Text == "c"));
        await RefuseAsync(stream, "offset-a", TimeSpan.FromSeconds(5));
        Assert.Equal(
            new MessageDelayed("new", "offset-a", TimeSpan.FromSeconds(5), RefusalReason.Limit, "not yet"),
            await events.NextAsync<MessageDelayed>());
        Assert.Equal(["a", "b"], client.GetPendingMessages().Select(message => message.Text));
        time.Advance(TimeSpan.FromSeconds(4.999));
        await SendAsync(stream, client, "old", "d");
        Assert.Equal(["a", "c", "d"], stream.Texts);

        time.Advance(TimeSpan.FromSeconds(0.001));
        await stream.UntilAsync(s => s.Sends.Count() == 4);
        await SendAsync(stream, client, "old", "e");
        Assert.Equal(["a", "c", "d", "a", "e"], stream.Texts);
        Assert.Equal("offset-a", stream.Sends.ElementAt(3).ClientOffset);

        await stream.AckAsync(stream.Sends.Where(send => send.ClientOffset == "offset-a").Take(1));
        await stream.UntilAsync(s => s.Texts.Contains("b"));
        Assert.Equal("offset-a", (await events.NextAsync<MessageAcked>(acked => acked.Room == "new")).ClientOffset);
    }

    [Fact]
    public async Task Once_a_room_exists_its_messages_do_not_wait_for_each_other()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = Open(chat);
        _ = client.JoinAsync("joined");
        var stream = await chat.WelcomeAsync();
        await stream.JoinedAsync("joined", after: 7, head: 7);
        foreach (var room in (string[])["joined", "acked"])
        {
            foreach (var text in (string[])["1", "2", "3"])
            {
                await client.EnqueueAsync(room, $"{room} {text}").Soon();
            }
        }

        await stream.UntilAsync(s => s.Sends.Count() == 4);
        Assert.Equal(["joined 1", "joined 2", "joined 3"], TextsOf("joined"));
        Assert.Equal(["acked 1"], TextsOf("acked"));
        await stream.AckAsync(stream.Sends.Where(send => send.Room == "acked"));
        await stream.UntilAsync(s => s.Sends.Count() == 6);
        Assert.Equal(["acked 1", "acked 2", "acked 3"], TextsOf("acked"));

        IEnumerable<string> TextsOf(string room) => stream.Sends.Where(send => send.Room == room).Select(send => send.Text);
    }

    [Fact]
    public async Task A_message_that_must_wait_is_sent_at_once_on_the_next_stream()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = Open(chat);
        await using var events = new ClientEvents(client);
        await client.EnqueueAsync("new", "a", "offset-a").Soon();
        await client.EnqueueAsync("new", "b").Soon();
        var first = await chat.WelcomeAsync();
        await first.UntilAsync(s => s.Sends.Any());
        await RefuseAsync(first, "offset-a", TimeSpan.FromMinutes(1));
        await events.NextAsync<MessageDelayed>();
        first.Fail(StatusCode.Unavailable);
        await events.StateAsync(ConnectionState.Waiting);
        time.Advance(TimeSpan.FromSeconds(1));

        // Another service may know nothing of the limit.
        var second = await chat.WelcomeAsync();
        await second.UntilAsync(s => s.Sends.Any());
        await second.AckAsync(second.Sends);
        await second.UntilAsync(s => s.Sends.Count() == 2);
        Assert.Equal(["a", "b"], second.Texts);
    }

    [Fact]
    public async Task A_refusal_for_good_lets_the_next_message_of_the_room_go()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = Open(chat);
        await using var events = new ClientEvents(client);
        await client.EnqueueAsync("new", "a", "offset-a").Soon();
        await client.EnqueueAsync("new", "b").Soon();
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Sends.Any());
        await RefuseAsync(stream, "offset-a", retryAfter: null);

        await stream.UntilAsync(s => s.Texts.Contains("b"));
        Assert.Equal(("offset-a", RefusalReason.Limit), Of(await events.NextAsync<MessageRefused>()));

        static (string ClientOffset, RefusalReason Reason) Of(MessageRefused refused) => (refused.ClientOffset, refused.Reason);
    }

    [Theory]
    [InlineData(0, 0.001)] // not at once, or the client would do nothing else: the same as between two connections
    [InlineData(1e7, 24 * 60 * 60)] // no timer takes more than some weeks
    public async Task A_delay_that_no_service_should_ask_for_is_cut(double asked, double expected)
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = Open(chat);
        await using var events = new ClientEvents(client);
        await client.EnqueueAsync("new", "a", "offset-a").Soon();
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Sends.Any());
        await RefuseAsync(stream, "offset-a", TimeSpan.FromSeconds(asked));

        Assert.Equal(TimeSpan.FromSeconds(expected), (await events.NextAsync<MessageDelayed>()).RetryAfter);
        await time.UntilDueAsync(TimeSpan.FromSeconds(expected));
    }

    [Fact]
    public async Task A_caller_may_stop_waiting_and_the_next_process_sends_the_message()
    {
        await using var chat = await ScriptedChat.StartAsync();
        using var cancellation = new CancellationTokenSource();
        await using (var client = ChatClient.Open(Options(chat.Address) with { FlushTimeout = TimeSpan.Zero }))
        {
            await using var events = new ClientEvents(client);
            var sending = client.SendAsync("new", "a", "offset-a", cancellation.Token);
            var stream = await chat.WelcomeAsync();
            await stream.UntilAsync(s => s.Sends.Any());
            await RefuseAsync(stream, "offset-a", TimeSpan.FromMinutes(1));
            await events.NextAsync<MessageDelayed>();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(sending.Soon);
        }

        await using var next = ChatClient.Open(Options(chat.Address) with { FlushTimeout = TimeSpan.Zero });
        var again = await chat.WelcomeAsync();
        await again.UntilAsync(s => s.Sends.Any());
        Assert.Equal("offset-a", again.Sends.Single().ClientOffset);
    }

    private static Task RefuseAsync(ScriptedStream stream, string offset, TimeSpan? retryAfter) =>
        stream.SayAsync(new ChatResponse
        {
            Refusals =
            {
                new Refusal
                {
                    Room = "new", ClientOffset = offset, Reason = Reason.Limit, Detail = "not yet", RetryAfter = retryAfter?.ToDuration(),
                },
            },
        });

    // What the client had to say before this message has been taken with it.
    private static async Task SendAsync(ScriptedStream stream, ChatClient client, string room, string text)
    {
        await client.EnqueueAsync(room, text).Soon();
        await stream.UntilAsync(s => s.Texts.Contains(text));
        await stream.AckAsync(stream.Sends.Where(send => send.Text == text));
    }

    private ChatClient Open(ScriptedChat chat) => ChatClient.Open(LibraryTests.Quick(chat.Address) with { TimeProvider = time });
}
