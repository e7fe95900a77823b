using System.Net;
using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using GrpcChat.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;
using static GrpcChat.V1.GoAway.Types;

namespace GrpcChat.Client.Tests;

/// <summary>How the library reconnects, against a service that does what the test says.</summary>
public sealed class ReconnectTests
{
    public static TheoryData<StatusCode, string, Retryable> Statuses { get; } =
        [.. ErrorTable.Rows.Select(row => new TheoryDataRow<StatusCode, string, Retryable>(row.Code, row.Reason, row.Retryable))];

    [Fact]
    public async Task After_a_reconnect_joins_go_first_then_what_is_unanswered_and_then_what_is_new()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        foreach (var text in (string[])["a", "b", "c"])
        {
            await client.EnqueueAsync("ops", text);
        }

        var first = await chat.WelcomeAsync();
        await first.JoinedAsync("ops", after: 0, head: 2);
        await first.UntilAsync(stream => stream.Sends.Count() == 3);
        await first.AckAsync(first.Sends.First());
        await first.SayAsync(Scripted.Messages("ops", 1, 2));
        await events.UntilAsync(taken => taken.Messages.Count() == 2 && taken.All.OfType<MessageAcked>().Any());
        await client.EnqueueAsync("ops", "d");
        first.Fail(StatusCode.Unavailable);
        await client.EnqueueAsync("ops", "e");

        var second = await chat.WelcomeAsync();
        await second.JoinedAsync("ops", after: 2, head: 2);
        await second.UntilAsync(stream => stream.Sends.Count() == 4);

        Assert.Equal(["b", "c", "d", "e"], second.Texts);
        var join = Assert.Single(second.Requests[0].Joins);
        Assert.Equal(("ops", 2, "log"), (join.Room, join.AfterId, join.LogId));
        Assert.Equal(first.Sends.Skip(1).Take(2), second.Sends.Take(2));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    [InlineData(1)]
    public async Task An_id_that_is_not_the_next_one_is_reported_not_handed_on_and_asked_for_again(long wrong)
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var first = await chat.WelcomeAsync();
        await first.JoinedAsync("ops", after: 0, head: 4);
        await first.SayAsync(Scripted.Messages("ops", 1, 2, wrong));

        var problem = await events.StateAsync(ConnectionState.Waiting);
        var second = await chat.WelcomeAsync();
        var join = await second.JoinedAsync("ops", after: 2, head: 4);
        await second.SayAsync(Scripted.Messages("ops", 3, 4));
        await events.UntilAsync(taken => taken.Ids().Contains(4));

        Assert.Equal(ProblemKind.WrongId, problem.Problem!.Kind);
        Assert.Equal((2, "log"), (join.AfterId, join.LogId));
        Assert.Equal([1, 2, 3, 4], events.Ids());
        await first.Gone.Soon();
    }

    [Fact]
    public async Task A_room_that_goes_on_elsewhere_than_asked_without_saying_so_is_reported()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        var first = await chat.WelcomeAsync();
        await first.JoinedAsync("ops", after: 2, head: 2);
        await events.NextAsync<RoomJoined>();
        first.Fail(StatusCode.Unavailable);
        await events.StateAsync(ConnectionState.Waiting);
        await (await chat.WelcomeAsync()).JoinedAsync("ops", after: 5, head: 7);

        Assert.Equal(ProblemKind.WrongId, (await events.StateAsync(ConnectionState.Waiting)).Problem!.Kind);

        var join = await (await chat.WelcomeAsync()).JoinedAsync("ops", after: 2, head: 7);
        Assert.Equal(2, join.AfterId);
    }

    [Fact]
    public async Task After_a_go_away_no_stream_is_opened_before_reconnect_after()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { TimeProvider = time });
        await using var events = new ClientEvents(client);
        var first = await chat.WelcomeAsync();
        await first.SayAsync(Scripted.GoAway(Why.Draining, after: 7));
        first.Fail(StatusCode.Unavailable, "DRAINING");

        var waiting = await events.StateAsync(ConnectionState.Waiting);
        await time.UntilDueAsync(TimeSpan.FromSeconds(7));
        var next = chat.NextAsync();
        time.Advance(TimeSpan.FromSeconds(6.999));
        Assert.Equal(ConnectionState.Waiting, client.Connection.State);
        time.Advance(TimeSpan.FromSeconds(0.001));
        await next;

        Assert.Equal((ProblemKind.EndedByService, TimeSpan.FromSeconds(7)), (waiting.Problem!.Kind, waiting.Problem.RetryAfter));
    }

    [Fact]
    public async Task A_go_away_without_return_ends_everything_that_waits_and_all_that_comes_later()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { MaxOutboxMessages = 1 });
        await using var events = new ClientEvents(client);
        var joining = client.JoinAsync("ops");
        var sending = client.SendAsync("ops", "hello");
        var placing = client.EnqueueAsync("ops", "no room for it");
        var flushing = client.FlushAsync();
        var stream = await chat.WelcomeAsync();
        await stream.UntilAsync(s => s.Sends.Any());
        await stream.SayAsync(Scripted.GoAway(Why.Banned, reconnect: false));
        stream.Fail(StatusCode.PermissionDenied, "FORBIDDEN");

        foreach (var waiting in (Task[])[joining, sending, placing, flushing])
        {
            await Assert.ThrowsAsync<ChatHaltedException>(waiting.Soon);
        }

        await events.StateAsync(ConnectionState.Halted);
        var end = await Assert.ThrowsAsync<ChatHaltedException>(events.TakeAsync);
        Assert.Equal(ProblemKind.AccessDenied, end.Problem.Kind);
        await Assert.ThrowsAsync<ChatHaltedException>(() => client.JoinAsync("dev").Soon());
        await Assert.ThrowsAsync<ChatHaltedException>(() => client.SendAsync("ops", "more").Soon());
        await Assert.ThrowsAsync<ChatHaltedException>(() => client.EnqueueAsync("ops", "more").Soon());
        Assert.Equal(ConnectionState.Halted, client.Connection.State);
    }

    [Fact]
    public async Task After_store_unavailable_rooms_are_joined_at_once_and_sends_held()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { TimeProvider = time });
        _ = client.JoinAsync("ops");
        await client.EnqueueAsync("ops", "a");
        var first = await chat.WelcomeAsync();
        await first.UntilAsync(s => s.Sends.Any());
        await first.SayAsync(Scripted.GoAway(Why.StoreUnavailable, after: 5));
        first.Fail(StatusCode.Unavailable, "STORE_UNAVAILABLE");

        // The clock stands still, and yet the client has reconnected.
        var second = await chat.WelcomeAsync();
        await second.JoinedAsync("ops", after: 0, head: 0);
        await time.UntilDueAsync(TimeSpan.FromSeconds(5));
        await client.EnqueueAsync("ops", "b");
        _ = client.JoinAsync("dev");
        await second.JoinedAsync("dev", after: 0, head: 0);
        time.Advance(TimeSpan.FromSeconds(4.999));
        _ = client.JoinAsync("qa");
        await second.JoinedAsync("qa", after: 0, head: 0);
        Assert.Empty(second.Sends);
        time.Advance(TimeSpan.FromSeconds(0.001));

        await second.UntilAsync(s => s.Sends.Any());
        await second.AckAsync(second.Sends);
        await second.UntilAsync(s => s.Sends.Count() == 2);
        Assert.Equal(["a", "b"], second.Texts);
    }

    [Fact]
    public async Task Sends_are_held_to_the_end_also_where_the_stream_breaks_meanwhile()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { TimeProvider = time, Random = new FixedRandom(0) });
        await client.EnqueueAsync("ops", "a");
        var first = await chat.WelcomeAsync();
        await first.UntilAsync(s => s.Sends.Any());
        await first.SayAsync(Scripted.GoAway(Why.StoreUnavailable, after: 5));
        first.Fail(StatusCode.Unavailable, "STORE_UNAVAILABLE");
        var second = await chat.WelcomeAsync();
        await time.UntilDueAsync(TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(2));
        second.Fail(StatusCode.Unavailable);

        var third = await chat.WelcomeAsync();
        await time.UntilDueAsync(TimeSpan.FromSeconds(3));
        _ = client.JoinAsync("ops");
        await third.JoinedAsync("ops", after: 0, head: 0);
        Assert.Empty(third.Sends);
        time.Advance(TimeSpan.FromSeconds(3));
        await third.UntilAsync(s => s.Sends.Any());
    }

    [Fact]
    public async Task A_stream_is_cut_after_two_and_a_half_silent_intervals_and_not_before()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        var options = LibraryTests.Quick(chat.Address) with { TimeProvider = time, FirstFrameTimeout = TimeSpan.FromSeconds(33), Random = new FixedRandom(0) };
        await using var client = ChatClient.Open(options);
        await using var events = new ClientEvents(client);
        var first = await chat.NextAsync();
        await first.SayAsync(new ChatResponse { Heartbeat = Scripted.Beat(4) });
        await time.UntilDueAsync(TimeSpan.FromSeconds(10));

        // Each frame counts, even if the application takes no events.
        for (var n = 0; n < 5; n++)
        {
            time.Advance(TimeSpan.FromSeconds(9));
            await first.SayAsync(new ChatResponse { Acks = { new Ack { Room = "ops", ClientOffset = "nobody's", Id = 1 } } });
            await time.UntilDueAsync(TimeSpan.FromSeconds(10));
        }

        time.Advance(TimeSpan.FromSeconds(9.999));
        Assert.False(first.Gone.IsCompleted);
        Assert.Equal(ConnectionState.Connected, client.Connection.State);
        time.Advance(TimeSpan.FromSeconds(0.001));
        await first.Gone.Soon();

        Assert.Equal(ProblemKind.Silent, (await events.StateAsync(ConnectionState.Waiting)).Problem!.Kind);
        await chat.WelcomeAsync();
    }

    [Fact]
    public async Task A_service_that_never_says_a_word_is_left_after_the_first_frame_timeout()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        var options = LibraryTests.Quick(chat.Address) with { TimeProvider = time, FirstFrameTimeout = TimeSpan.FromSeconds(33) };
        await using var client = ChatClient.Open(options);
        await using var events = new ClientEvents(client);
        var first = await chat.NextAsync();
        await time.UntilDueAsync(TimeSpan.FromSeconds(33));
        time.Advance(TimeSpan.FromSeconds(33));

        Assert.Equal(ProblemKind.Silent, (await events.StateAsync(ConnectionState.Waiting)).Problem!.Kind);
        await first.Gone.Soon();
    }

    [Fact]
    public async Task The_delay_is_a_part_of_a_limit_that_doubles_up_to_the_longest_and_begins_anew_after_a_healthy_stream()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        var options = LibraryTests.Quick(chat.Address) with
        {
            TimeProvider = time,
            Random = new FixedRandom(0.5),
            ReconnectDelay = TimeSpan.FromSeconds(0.1),
            MaxReconnectDelay = TimeSpan.FromSeconds(1),
            FirstFrameTimeout = TimeSpan.FromSeconds(33),
        };
        await using var client = ChatClient.Open(options);
        await using var events = new ClientEvents(client);

        // The seventh stream lasts a moment less than it should, the eighth long enough.
        var delays = new List<double>();
        for (var n = 1; n <= 9; n++)
        {
            var stream = await chat.WelcomeAsync();
            await time.UntilDueAsync(TimeSpan.FromSeconds(50));
            time.Advance(n == 7 ? TimeSpan.FromSeconds(4.999) : n == 8 ? TimeSpan.FromSeconds(5) : TimeSpan.Zero);
            stream.Fail(StatusCode.Unavailable);
            var delay = (await events.StateAsync(ConnectionState.Waiting)).Problem!.RetryAfter!.Value;
            delays.Add(delay.TotalSeconds);
            await time.UntilDueAsync(delay);
            time.Advance(delay);
        }

        Assert.Equal([0.05, 0.1, 0.2, 0.4, 0.5, 0.5, 0.5, 0.05, 0.1], delays);
    }

    [Fact]
    public async Task With_joined_rooms_a_stream_is_healthy_only_after_all_of_them_have_caught_up()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        var options = LibraryTests.Quick(chat.Address) with
        {
            TimeProvider = time,
            Random = new FixedRandom(0.5),
            ReconnectDelay = TimeSpan.FromSeconds(0.1),
            MaxReconnectDelay = TimeSpan.FromSeconds(10),
        };
        await using var client = ChatClient.Open(options);
        await using var events = new ClientEvents(client);
        _ = client.JoinAsync("ops");
        _ = client.JoinAsync("dev");

        // The first three streams last an hour each: with no room caught up, with one of two, and with both, but with
        // both for a moment less than it takes. The fourth is healthy.
        var delays = new List<double>();
        foreach (var (caughtUp, held) in ((string[], double)[])[([], 0), (["ops"], 0), (["ops", "dev"], 4.999), (["ops", "dev"], 5)])
        {
            var stream = await chat.NextAsync();
            await stream.SayAsync(new ChatResponse { Heartbeat = Scripted.Beat(7200) });
            await stream.UntilAsync(s => s.Joins.Count() == 2);
            await stream.SayAsync(Scripted.Joined("ops", after: 0, head: 0));
            await stream.SayAsync(Scripted.Joined("dev", after: 0, head: 0));
            await events.NextAsync<RoomJoined>();
            await events.NextAsync<RoomJoined>();
            time.Advance(TimeSpan.FromHours(1));
            foreach (var room in caughtUp)
            {
                await stream.SayAsync(new ChatResponse { CaughtUp = { new CaughtUp { Room = room } } });
                await events.NextAsync<RoomCaughtUp>();
            }

            time.Advance(TimeSpan.FromSeconds(held));
            stream.Fail(StatusCode.Unavailable);
            var delay = (await events.StateAsync(ConnectionState.Waiting)).Problem!.RetryAfter!.Value;
            delays.Add(delay.TotalSeconds);
            await time.UntilDueAsync(delay);
            time.Advance(delay);
        }

        Assert.Equal([0.05, 0.1, 0.2, 0.05], delays);
    }

    [Theory]
    [InlineData("STORE_UNAVAILABLE", 3)]
    [InlineData("", 30)]
    public async Task Where_only_the_store_is_away_the_delays_end_at_three_seconds(string reason, double longest)
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with
        {
            TimeProvider = time,
            Random = new FixedRandom(1),
            ReconnectDelay = TimeSpan.FromSeconds(0.1),
            MaxReconnectDelay = TimeSpan.FromSeconds(30),
        });
        await using var events = new ClientEvents(client);
        var delays = new List<double>();
        for (var attempt = 1; attempt <= 10; attempt++)
        {
            var stream = await chat.NextAsync();
            stream.Fail(StatusCode.Unavailable, reason);
            var delay = (await events.StateAsync(ConnectionState.Waiting)).Problem!.RetryAfter!.Value;
            delays.Add(delay.TotalSeconds);
            await time.UntilDueAsync(delay);
            time.Advance(delay);
        }

        Assert.Equal(longest, delays[^1], tolerance: 0.001);
        Assert.Equal(delays.Max(), delays[^1]);
    }

    [Fact]
    public async Task A_stream_that_has_stored_or_delivered_a_message_begins_the_delays_anew()
    {
        var time = new ManualTime();
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with
        {
            TimeProvider = time,
            Random = new FixedRandom(0.5),
            ReconnectDelay = TimeSpan.FromSeconds(0.1),
            MaxReconnectDelay = TimeSpan.FromSeconds(10),
        });
        await using var events = new ClientEvents(client);
        await client.EnqueueAsync("ops", "a");
        _ = client.JoinAsync("ops");

        var delays = new List<double>();
        foreach (var progress in (string[])["none", "none", "ack", "none", "message", "an ack that is nobody's", "none"])
        {
            var stream = await chat.WelcomeAsync();
            await stream.JoinedAsync("ops", after: delays.Count > 4 ? 1 : 0, head: 1);
            await events.NextAsync<RoomJoined>();
            switch (progress)
            {
                case "ack":
                    await stream.UntilAsync(s => s.Sends.Any());
                    await stream.AckAsync(stream.Sends);
                    await events.NextAsync<MessageAcked>();
                    break;
                case "message":
                    await stream.SayAsync(Scripted.Messages("ops", 1));
                    await events.NextAsync<MessageReceived>();
                    break;
                case "an ack that is nobody's":
                    await stream.SayAsync(new ChatResponse { Acks = { new Ack { Room = "ops", ClientOffset = "nobody's", Id = 1 } } });
                    break;
            }

            stream.Fail(StatusCode.Unavailable);
            var delay = (await events.StateAsync(ConnectionState.Waiting)).Problem!.RetryAfter!.Value;
            delays.Add(delay.TotalSeconds);
            await time.UntilDueAsync(delay);
            time.Advance(delay);
        }

        Assert.Equal([0.05, 0.1, 0.05, 0.1, 0.05, 0.1, 0.2], delays);
    }

    [Fact]
    public async Task Where_the_first_address_fails_the_second_one_is_tried()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var nobody = $"http://{closed.LocalEndpoint}";
        closed.Stop();
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(
            LibraryTests.Quick(nobody) with { Addresses = [nobody, chat.Address], Random = new FixedRandom(0) });
        await using var events = new ClientEvents(client);
        await chat.WelcomeAsync();

        await events.StateAsync(ConnectionState.Connected);
        var problem = Assert.Single(events.All.OfType<ConnectionChanged>(), changed => changed.State == ConnectionState.Waiting);
        Assert.Equal(ProblemKind.Unreachable, problem.Problem!.Kind);
    }

    [Fact]
    public async Task Each_attempt_asks_for_a_token_once()
    {
        var asked = 0;
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with
        {
            TokenProvider = _ => ValueTask.FromResult($"token-{++asked}"),
        });
        for (var n = 1; n <= 3; n++)
        {
            var stream = await chat.WelcomeAsync();
            Assert.Equal($"Bearer token-{n}", stream.Headers.GetValue("authorization"));
            Assert.Equal(n, asked);
            stream.Fail(StatusCode.Unavailable);
        }
    }

    [Fact]
    public async Task A_client_ends_while_its_token_provider_hangs()
    {
        var asked = new TaskCompletionSource();
        await using var chat = await ScriptedChat.StartAsync();
        var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with
        {
            TokenProvider = async _ =>
            {
                asked.SetResult();
                await new TaskCompletionSource().Task;
                return "";
            },
        });
        await asked.Task.Soon();

        await client.DisposeAsync().AsTask().Soon();
        Assert.Equal(ConnectionState.Closed, client.Connection.State);
    }

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task Each_status_halts_the_client_or_brings_it_back_as_the_table_says(StatusCode code, string reason, Retryable retryable)
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        var stream = await chat.WelcomeAsync();
        stream.Fail(code, reason);

        await events.StateAsync(retryable == Retryable.Yes ? ConnectionState.Waiting : ConnectionState.Halted);
        if (retryable == Retryable.Yes)
        {
            await chat.WelcomeAsync();
        }
    }

    [Theory]
    [InlineData(StatusCode.ResourceExhausted, "TOO_MANY_STREAMS")]
    [InlineData(StatusCode.Unavailable, "")]
    public async Task A_retry_info_is_the_least_delay(StatusCode code, string reason)
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address) with { TimeProvider = new ManualTime() });
        await using var events = new ClientEvents(client);
        var stream = await chat.WelcomeAsync();
        stream.Fail(code, reason, TimeSpan.FromSeconds(3));

        Assert.Equal(TimeSpan.FromSeconds(3), (await events.StateAsync(ConnectionState.Waiting)).Problem!.RetryAfter);
    }

    [Fact]
    public async Task Times_that_no_timer_takes_do_not_end_the_client()
    {
        await using var chat = await ScriptedChat.StartAsync();
        await using var client = ChatClient.Open(LibraryTests.Quick(chat.Address));
        await using var events = new ClientEvents(client);
        var first = await chat.NextAsync();
        await first.SayAsync(new ChatResponse { Heartbeat = new Heartbeat { Interval = new Duration { Seconds = Duration.MaxSeconds } } });
        await first.SayAsync(new ChatResponse { Heartbeat = new Heartbeat { Interval = new Duration { Seconds = long.MaxValue, Nanos = -1 } } });
        await first.SayAsync(new ChatResponse
        {
            GoAway = new GoAway { Reconnect = true, ReconnectAfter = new Duration { Seconds = -1, Nanos = 1 } },
        });
        first.End();
        var second = await chat.WelcomeAsync();
        await second.SayAsync(new ChatResponse
        {
            GoAway = new GoAway { Reconnect = true, ReconnectAfter = new Duration { Seconds = Duration.MaxSeconds } },
        });
        second.End();

        await events.NextAsync<ConnectionChanged>(changed => changed.Problem?.RetryAfter == TimeSpan.FromDays(1));
    }
}
