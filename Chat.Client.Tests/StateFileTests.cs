using GrpcChat.Client;
using GrpcChat.Client.Delivery;
using GrpcChat.Client.Sqlite;
using GrpcChat.Client.State;
using GrpcChat.Shared;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>What a state file keeps from one process to the next.</summary>
public sealed class StateFileTests : LibraryTest
{
    [Fact]
    public async Task Unanswered_messages_are_sent_by_the_next_client_first_and_in_order()
    {
        await using (var server = await ChatServer.StartAsync(directory: Path.Combine(Directory, "log")))
        {
            // The file belongs to the address, so the first client needs it as well.
            var address = server.Address.ToString();
            await server.StopAsync();
            await using var client = ChatClient.Open(Options(address));
            for (var n = 1; n <= 20; n++)
            {
                await client.EnqueueAsync(n % 2 == 0 ? "even" : "odd", $"{n}");
            }

            Assert.Equal(20, client.OutboxCount);
        }

        Assert.Equal(Enumerable.Range(1, 20).Select(n => $"{n}"), Query("SELECT text FROM chat_outbox ORDER BY sequence"));
        await using var later = await ChatServer.StartAsync();
        MoveTo(later);
        await using (var next = ChatClient.Open(Options(later)))
        {
            Assert.True(next.GetPendingMessages().Count is 20 or 0);
            await next.EnqueueAsync("odd", "new");
            await next.FlushAsync().WaitAsync(ChatCall.Deadline);
        }

        Assert.Equal(Enumerable.Range(1, 20).Where(n => n % 2 == 1).Select(n => $"{n}").Append("new"), await TextsAsync(later, "odd"));
        Assert.Equal(Enumerable.Range(1, 20).Where(n => n % 2 == 0).Select(n => $"{n}"), await TextsAsync(later, "even"));
        Assert.Empty(Query("SELECT text FROM chat_outbox"));
    }

    [Fact]
    public async Task A_position_moves_with_the_next_event_and_outlives_the_process()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 5);
        await using (var client = ChatClient.Open(Options(server)))
        {
            _ = client.JoinAsync("ops");
            await ReadAsync<MessageReceived>(client, 3);
        }

        // The third message was delivered, but the application did not ask for the next event.
        Assert.Equal("3", (await NextAsync(server, CommitMode.Auto)).Split(' ')[0]);
    }

    [Fact]
    public async Task With_acks_a_message_that_was_not_acked_is_handed_out_again()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 5);
        await using (var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual }))
        {
            _ = client.JoinAsync("ops");
            var received = await ReadAsync<MessageReceived>(client, 5);
            Assert.True(await client.CommitAsync(received[1].Message).WaitAsync(ChatCall.Deadline));
        }

        Assert.Equal("3", (await NextAsync(server, CommitMode.Manual)).Split(' ')[0]);
    }

    [Fact]
    public async Task A_refusal_that_its_caller_was_told_leaves_nothing_in_the_state()
    {
        await using var server = await ChatServer.StartAsync(options => options.MaxTextBytes = 10);
        await using (var client = ChatClient.Open(Options(server)))
        {
            await Assert.ThrowsAsync<ChatRefusedException>(
                () => client.SendAsync("ops", "much too long for that service").WaitAsync(ChatCall.Deadline));
        }

        Assert.Empty(Query("SELECT text FROM chat_outbox"));
    }

    [Fact]
    public async Task A_refused_message_is_told_again_after_a_restart_until_it_was_taken()
    {
        await using var server = await ChatServer.StartAsync(options => options.MaxTextBytes = 10);
        await using (var client = ChatClient.Open(Options(server) with { StateName = "service" }))
        {
            await client.EnqueueAsync("ops", "much too long for that service", clientOffset: "long");
            await client.FlushAsync().WaitAsync(ChatCall.Deadline);
        }

        // Nobody has to refuse it again.
        await using (var second = ChatClient.Open(Options(NobodyThere()) with { StateName = "service" }))
        {
            // It was delivered, but this loop does not ask for the next event.
            var refused = await ReadAsync<MessageRefused>(second);
            Assert.Equal(("ops", "long", "much too long for that service", RefusalReason.TooLarge), (refused.Room, refused.ClientOffset, refused.Text, refused.Reason));
            Assert.Equal(0, second.OutboxCount);
        }

        await using (var third = ChatClient.Open(Options(server) with { StateName = "service" }))
        {
            // This loop does.
            await third.EnqueueAsync("ops", "short");
            var told = await ReadAsync<ChatEvent>(third, 2, happened => happened is MessageRefused or MessageAcked);
            Assert.IsType<MessageRefused>(told[0]);
        }

        await using (var fourth = ChatClient.Open(Options(server) with { StateName = "service" }))
        {
            await fourth.EnqueueAsync("ops", "short");
            Assert.IsType<MessageAcked>(await ReadAsync<ChatEvent>(fourth, happened => happened is MessageRefused or MessageAcked));
        }

        Assert.Empty(Query("SELECT text FROM chat_outbox"));
    }

    [Fact]
    public async Task A_message_that_is_acked_twice_has_one_effect()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 3);
        await using var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual });
        _ = client.JoinAsync("ops");
        var received = await ReadAsync<MessageReceived>(client, 3);
        var effects = new List<long>();

        Assert.True(await client.CommitAsync(received[1].Message, (_, _) => effects.Add(2)).WaitAsync(ChatCall.Deadline));
        Assert.False(await client.CommitAsync(received[1].Message, (_, _) => effects.Add(2)).WaitAsync(ChatCall.Deadline));
        Assert.False(await client.CommitAsync(received[0].Message, (_, _) => effects.Add(1)).WaitAsync(ChatCall.Deadline));
        Assert.False(await client.CommitAsync(received[1].Message).WaitAsync(ChatCall.Deadline));
        Assert.True(await client.CommitAsync(received[2].Message).WaitAsync(ChatCall.Deadline));
        Assert.False(await client.CommitAsync(received[2].Message, (_, _) => effects.Add(3)).WaitAsync(ChatCall.Deadline));

        Assert.Equal([2], effects);
    }

    [Fact]
    public async Task A_position_does_not_pass_an_effect_that_has_failed()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 3);
        var effects = new List<long>();
        await using var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual });
        _ = client.JoinAsync("ops");
        var received = new List<ChatMessage>();
        await foreach (var happened in client.ReadEventsAsync())
        {
            if (happened is MessageReceived { Message: var message })
            {
                received.Add(message);
            }

            if (received.Count == 3)
            {
                break;
            }
        }

        await Assert.ThrowsAsync<FormatException>(
            () => client.CommitAsync(received[0], (_, _) => throw new FormatException()).WaitAsync(ChatCall.Deadline));
        var error = await Assert.ThrowsAsync<ChatStateException>(
            () => client.CommitAsync(received[1], (_, _) => effects.Add(2)).WaitAsync(ChatCall.Deadline));
        await Assert.ThrowsAsync<ChatStateException>(() => client.CommitAsync(received[2]).WaitAsync(ChatCall.Deadline));
        Assert.Contains("the effect of message 1 in room 'ops' failed", error.Message, StringComparison.Ordinal);

        Assert.True(await client.CommitAsync(received[0], (_, _) => effects.Add(1)).WaitAsync(ChatCall.Deadline));
        Assert.True(await client.CommitAsync(received[1], (_, _) => effects.Add(2)).WaitAsync(ChatCall.Deadline));
        Assert.Equal([1, 2], effects);
    }

    [Fact]
    public async Task An_effect_is_refused_where_the_next_event_would_move_the_position_without_it()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 1);
        await using var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Auto });
        _ = client.JoinAsync("ops");
        await foreach (var happened in client.ReadEventsAsync())
        {
            if (happened is MessageReceived { Message: var message })
            {
                await Assert.ThrowsAsync<InvalidOperationException>(() => client.CommitAsync(message, (_, _) => { }));
                break;
            }
        }

        var page = await client.ReadHistoryAsync("ops");
        await Assert.ThrowsAsync<ArgumentException>(() => client.CommitAsync(page.Messages[0]));
    }

    [Fact]
    public async Task An_effect_that_throws_leaves_nothing_behind_and_its_caller_gets_the_exception()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 2);
        await using (var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual }))
        {
            _ = client.JoinAsync("ops");
            var received = await ReadAsync<MessageReceived>(client, 2);
            var thrown = new InvalidOperationException("not today");

            var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
                client.CommitAsync(received[0].Message, (connection, transaction) =>
                {
                    Note(received[0].Message, connection, transaction);
                    throw thrown;
                }).WaitAsync(ChatCall.Deadline));
            Assert.Same(thrown, error);

            // A failing statement is reported as it is, too, and the next effect works.
            await Assert.ThrowsAsync<SqliteException>(() => client.CommitAsync(received[0].Message, (connection, transaction) =>
            {
                using var command = connection.CreateCommand();
                command.Transaction = transaction;
                command.CommandText = "INSERT INTO nowhere VALUES (1)";
                command.ExecuteNonQuery();
            }).WaitAsync(ChatCall.Deadline));
            Assert.True(await client.CommitAsync(received[0].Message, (connection, transaction) =>
                Note(received[0].Message, connection, transaction)).WaitAsync(ChatCall.Deadline));
        }

        Assert.Equal(["1"], Query("SELECT CAST(id AS TEXT) FROM noted"));
        Assert.Equal(["1"], Query("SELECT CAST(id AS TEXT) FROM chat_position"));
    }

    [Fact]
    public async Task Effects_run_in_the_order_of_the_calls_and_one_at_a_time()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 100);
        await using (var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual }))
        {
            _ = client.JoinAsync("ops");
            var received = await ReadAsync<MessageReceived>(client, 100);
            var running = 0;
            var acks = received.Select(happened => client.CommitAsync(happened.Message, async (connection, transaction) =>
            {
                Assert.Equal(1, Interlocked.Increment(ref running));
                await Task.Yield();
                Note(happened.Message, connection, transaction);
                Interlocked.Decrement(ref running);
            })).ToList();
            Assert.All(await Task.WhenAll(acks).WaitAsync(ChatCall.Deadline), Assert.True);
        }

        Assert.Equal(Enumerable.Range(1, 100).Select(id => $"{id}"), Query("SELECT CAST(id AS TEXT) FROM noted ORDER BY rowid"));
    }

    [Fact]
    public async Task An_effect_whose_room_could_not_be_kept_is_not_taken_for_done()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("first", 2);
        await server.FillAsync("second", 1);
        await using var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual });
        _ = client.JoinAsync("first");
        var first = await ReadAsync<MessageReceived>(client, 2);

        // While one effect runs, three writes accumulate: the first position in the second room, a message that does
        // not fit on the disk, and an effect in the second room.
        var (isRunning, mayEnd) = (new TaskCompletionSource(), new TaskCompletionSource());
        var running = client.CommitAsync(first[0].Message, async (connection, transaction) =>
        {
            isRunning.SetResult();
            await mayEnd.Task;
            SetPages(connection, transaction, "(SELECT page_count FROM pragma_page_count)");
        });
        await isRunning.Task.WaitAsync(ChatCall.Deadline);
        _ = client.JoinAsync("second");
        var second = await ReadAsync<MessageReceived>(client);
        var enqueuing = client.EnqueueAsync("first", new string('x', 16_000));
        var applied = 0;
        var applying = client.CommitAsync(second.Message, (_, _) => applied++);
        mayEnd.SetResult();
        Assert.True(await running.WaitAsync(ChatCall.Deadline));
        await Assert.ThrowsAsync<ChatStateException>(() => enqueuing.WaitAsync(ChatCall.Deadline));
        await Assert.ThrowsAsync<ChatStateException>(() => applying.WaitAsync(ChatCall.Deadline));
        Assert.Equal(0, applied);

        Assert.True(await client.CommitAsync(second.Message, (_, _) => applied++).WaitAsync(ChatCall.Deadline));
        Assert.Equal(1, applied);
    }

    [Fact]
    public async Task On_a_full_disk_a_message_is_kept_or_its_caller_is_told_and_it_goes_on_when_there_is_room()
    {
        using var gate = new ManualResetEventSlim(true);
        await using var server = await ChatServer.StartAsync(gate);
        await server.FillAsync("ops", 1);
        var kept = new List<string>();
        await using (var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual }))
        {
            _ = client.JoinAsync("ops");
            var received = await ReadAsync<MessageReceived>(client);
            await client.CommitAsync(received.Message, (connection, transaction) =>
                SetPages(connection, transaction, "(SELECT page_count + 10 FROM pragma_page_count)")).WaitAsync(ChatCall.Deadline);
            gate.Reset();
            var error = await Assert.ThrowsAsync<ChatStateException>(async () =>
            {
                for (var n = 1; n <= 1000; n++)
                {
                    var text = $"{n} {new string('x', 1000)}";
                    await client.EnqueueAsync("full", text).WaitAsync(ChatCall.Deadline);
                    kept.Add(text);
                }
            });
            Assert.Contains(StatePath, error.Message, StringComparison.Ordinal);
            Assert.Contains("the disk is full; free some space", error.Message, StringComparison.Ordinal);
            Assert.InRange(kept.Count, 1, 999);
            await ReadAsync<StateWriteFailed>(client, happened => happened.Message == error.Message);

            // The answers free space.
            gate.Set();
            await client.FlushAsync().WaitAsync(ChatCall.Deadline);
            await client.SendAsync("full", "there is room").WaitAsync(ChatCall.Deadline);
        }

        Assert.Equal([.. kept, "there is room"], await TextsAsync(server, "full"));
        Assert.Empty(Query("SELECT text FROM chat_outbox"));
    }

    [Fact]
    public async Task What_can_not_be_noted_is_told_once_and_noted_when_there_is_room()
    {
        var rooms = Enumerable.Range(0, 90).Select(n => $"{n:00}-{new string('x', 60)}").ToList();
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 2);
        await using (var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual }))
        {
            _ = client.JoinAsync("ops");
            var received = await ReadAsync<MessageReceived>(client, 2);
            var makeRoom = () => 0;
            await client.CommitAsync(received[0].Message, (connection, transaction) =>
            {
                SetPages(connection, transaction, "(SELECT page_count FROM pragma_page_count)");
                makeRoom = () => SQLitePCL.raw.sqlite3_exec(connection.Handle, "PRAGMA max_page_count = 1000000");
            }).WaitAsync(ChatCall.Deadline);

            var joins = rooms.ConvertAll(room => client.JoinAsync(room));
            var told = await ReadAsync<StateWriteFailed>(client);
            Assert.Contains("the disk is full", told.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<ChatStateException>(() => client.CommitAsync(received[1].Message).WaitAsync(ChatCall.Deadline));

            Assert.Equal(0, makeRoom());
            Assert.True(await client.CommitAsync(received[1].Message).WaitAsync(ChatCall.Deadline));
            await Task.WhenAll(joins).WaitAsync(ChatCall.Deadline);
        }

        Assert.Equal(91, Query("SELECT room FROM chat_position").Count);
    }

    [Fact]
    public async Task Without_a_state_file_an_effect_is_refused_and_a_plain_ack_works()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 1);
        await using var client = ChatClient.Open(Options(server, withState: false) with { CommitMode = CommitMode.Manual });
        _ = client.JoinAsync("ops");
        var received = await ReadAsync<MessageReceived>(client);

        var error = await Assert.ThrowsAsync<ChatStateException>(() => client.CommitAsync(received.Message, (_, _) => { }));
        Assert.Contains("StateStore", error.Message, StringComparison.Ordinal);
        Assert.True(await client.CommitAsync(received.Message));
        Assert.False(await client.CommitAsync(received.Message));
    }

    [Fact]
    public async Task An_ack_of_an_older_log_does_not_move_the_position_in_the_new_one()
    {
        var first = await ChatServer.StartAsync();
        await using var second = await ChatServer.StartAsync();
        await first.FillAsync("ops", 5);
        await second.FillAsync("ops", 2);
        await using (var client = ChatClient.Open(Options(first) with
        {
            Addresses = [first.Address.ToString(), second.Address.ToString()],
            CommitMode = CommitMode.Manual,
            Random = new FixedRandom(0),
        }))
        {
            _ = client.JoinAsync("ops");
            var old = (await ReadAsync<MessageReceived>(client, 5))[4].Message;
            await first.DisposeAsync();
            var reset = await ReadAsync<RoomReset>(client);
            var received = await ReadAsync<MessageReceived>(client, 2);
            Assert.NotEqual(old.LogId, reset.LogId);

            Assert.True(await client.CommitAsync(received[0].Message).WaitAsync(ChatCall.Deadline));
            Assert.False(await client.CommitAsync(old).WaitAsync(ChatCall.Deadline));
        }

        Assert.Equal(["1 True"], Query($"SELECT id || ' ' || iif(log_id = '{second.LogId}', 'True', 'False') FROM chat_position"));
    }

    [Fact]
    public async Task Leaving_forgets_the_position_and_an_ack_after_it_does_nothing()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 3);
        await using (var client = ChatClient.Open(Options(server) with { CommitMode = CommitMode.Manual }))
        {
            _ = client.JoinAsync("ops");
            var received = await ReadAsync<MessageReceived>(client, 3);
            Assert.True(await client.CommitAsync(received[0].Message).WaitAsync(ChatCall.Deadline));

            Assert.True(client.Leave("ops"));
            Assert.False(client.Leave("ops"));

            var effect = false;
            Assert.False(await client.CommitAsync(received[1].Message, (_, _) => effect = true).WaitAsync(ChatCall.Deadline));
            Assert.False(effect);

            // Joined again, the room starts over, and a message of the earlier join does not count.
            _ = client.JoinAsync("ops");
            var again = await ReadAsync<MessageReceived>(client, 1);
            Assert.Equal(1, again[0].Message.Id);
            Assert.False(await client.CommitAsync(received[2].Message).WaitAsync(ChatCall.Deadline));
            client.Leave("ops");
        }

        Assert.Empty(Query("SELECT room FROM chat_position"));
    }

    [Fact]
    public async Task The_rooms_of_an_earlier_process_are_known_in_their_order_until_they_are_left()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 3);
        await using (var client = ChatClient.Open(Options(server)))
        {
            Assert.Empty(client.GetPositions());
            await client.JoinAsync("ops").WaitAsync(ChatCall.Deadline);
            await client.JoinAsync("lobby").WaitAsync(ChatCall.Deadline);
            await client.JoinAsync("dev").WaitAsync(ChatCall.Deadline);
            await ReadAsync<RoomCaughtUp>(client, caughtUp => caughtUp.Room == "dev");
        }

        await using (var next = ChatClient.Open(Options(server)))
        {
            Assert.Equal(["ops", "lobby", "dev"], next.GetPositions().Select(position => position.Room));
            Assert.Equal(3, next.GetPositions()[0].Id);
            Assert.False(next.Leave("lobby")); // It is not joined, and forgotten all the same.
        }

        await using var last = ChatClient.Open(Options(server));
        Assert.Equal(["ops", "dev"], last.GetPositions().Select(position => position.Room));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_room_that_the_service_took_away_goes_on_after_its_position_when_it_is_joined_again(bool hasFile)
    {
        IStateKeeper state = hasFile
            ? new DurableStateKeeper(new SqliteStateStore(StatePath).Open("service", "ann"), Options(NobodyThere()))
            : new MemoryStateKeeper();
        var writing = state.RunAsync((_, _) => { }, _ => { });
        var events = new EventQueue(100, 1_000_000, new WakeSignal());
        var rooms = new FollowedRooms(state, events, new WakeSignal(), TimeProvider.System);
        _ = rooms.Join("ops", JoinFrom.Start);
        rooms.Fill(new ChatRequest());
        Assert.Null(rooms.Take(new ChatResponse
        {
            Joined = { new Joined { Room = "ops", LogId = "log", OldestId = 1, HeadId = 3, Resume = Resume.Complete } },
            Messages = { Enumerable.Range(1, 3).Select(id => new Message { Room = "ops", Id = id, Text = $"{id}" }) },
        }));
        await events.TakeAsync(CancellationToken.None);
        await events.TakeAsync(CancellationToken.None);
        var second = Assert.IsType<MessageReceived>(await events.TakeAsync(CancellationToken.None)).Message;
        var position = new Position(second.Epoch, second.LogId, second.Id);
        Assert.True(await state.MoveAsync("ops", position));

        rooms.Take(new ChatResponse { Left = { new Left { Room = "ops", Reason = Reason.Forbidden } } });
        _ = rooms.Join("ops", JoinFrom.Start);
        var request = new ChatRequest();
        rooms.Fill(request);

        Assert.Equal((2, "log"), (request.Joins.Single().AfterId, request.Joins.Single().LogId));
        Assert.False(await state.MoveAsync("ops", position));
        state.Complete();
        await writing;
        state.Close();
    }

    [Fact]
    public async Task A_copy_that_is_used_later_neither_loses_nor_swallows_messages()
    {
        await using var server = await ChatServer.StartAsync();
        var address = server.Address.ToString();
        await using (var client = ChatClient.Open(Options(server)))
        {
            await client.SendAsync("ops", "first").WaitAsync(ChatCall.Deadline);
        }

        File.Copy(StatePath, Path.Combine(Directory, "copy.db"));
        await using (var client = ChatClient.Open(Options(server)))
        {
            await client.SendAsync("ops", "second").WaitAsync(ChatCall.Deadline);
        }

        await using (var copy = ChatClient.Open(Options(address) with { StateStore = new SqliteStateStore(Path.Combine(Directory, "copy.db")) }))
        {
            var sent = await copy.SendAsync("ops", "third").WaitAsync(ChatCall.Deadline);
            Assert.Equal((3, false), (sent.Id, sent.WasStoredBefore));
        }

        Assert.Equal(["first", "second", "third"], await TextsAsync(server, "ops"));
    }

    [Fact]
    public async Task A_copy_with_messages_on_their_way_sends_them_once()
    {
        await using var server = await ChatServer.StartAsync();
        await using (var client = ChatClient.Open(Options(NobodyThere())))
        {
            await client.EnqueueAsync("ops", "first");
            await client.EnqueueAsync("ops", "second");
        }

        MoveTo(server);
        File.Copy(StatePath, Path.Combine(Directory, "copy.db"));
        foreach (var path in (string[])[StatePath, Path.Combine(Directory, "copy.db")])
        {
            await using var client = ChatClient.Open(Options(server) with { StateStore = new SqliteStateStore(path) });
            await client.FlushAsync().WaitAsync(ChatCall.Deadline);
        }

        Assert.Equal(["first", "second"], await TextsAsync(server, "ops"));
    }

    private static void Note(ChatMessage message, SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "CREATE TABLE IF NOT EXISTS noted (id INTEGER NOT NULL); INSERT INTO noted VALUES ($id)";
        command.Parameters.AddWithValue("$id", message.Id);
        command.ExecuteNonQuery();
    }

    // To SQLite, this is a full disk. The limit belongs to the connection and outlives the transaction.
    private static void SetPages(SqliteConnection connection, SqliteTransaction transaction, string count)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"SELECT {count}";
        command.CommandText = $"PRAGMA max_page_count = {command.ExecuteScalar()}";
        command.ExecuteNonQuery();
    }

    private static async Task<IEnumerable<string>> TextsAsync(ChatServer server, string room)
    {
        var page = await server.Client("reader").ListMessagesAsync(new ListMessagesRequest { Room = room, AfterId = 0, PageSize = 1000 });
        return page.Messages.Select(message => message.Text);
    }

    // The first message that the next client with this state file receives.
    private async Task<string> NextAsync(ChatServer server, CommitMode moves)
    {
        await using var next = ChatClient.Open(Options(server) with { CommitMode = moves });
        _ = next.JoinAsync("ops", JoinFrom.Now);
        return (await ReadAsync<MessageReceived>(next)).Message.Text;
    }

    // A server in a test has a new port each time; a real one keeps its address.
    private void MoveTo(ChatServer server) => Query($"UPDATE chat_client SET address = 'http://{server.Address.Authority}' RETURNING address");
}
