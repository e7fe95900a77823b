using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Sessions;

/// <summary>Several rooms on one stream: joins, joins anew, leaves, and what is refused.</summary>
public sealed class RoomsTests
{
    [Fact]
    public async Task The_first_response_holds_the_heartbeat_and_the_join_of_the_first_room()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann");
        await ann.Headers;
        await ann.ReadAsync();

        Assert.Equal(TimeSpan.FromSeconds(20), ann.Frames[0].Heartbeat.Interval.ToTimeSpan());
        Assert.Equal("lobby", ann.Frames[0].Joined.Single().Room);
    }

    [Fact]
    public async Task Headers_come_at_once_also_where_no_room_is_joined()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        await ann.Headers;
        await ann.ReadAsync();

        Assert.NotNull(ann.Frames[0].Heartbeat);
        Assert.Empty(ann.Joined);
    }

    [Fact]
    public async Task Each_room_of_a_stream_has_its_own_order_and_cursor()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("one", 5);
        await server.FillAsync("two", 3);
        await using var ann = server.Open("ann", "room", "-");

        await ann.JoinAsync(new Join { Room = "one", AfterId = 3 });
        await ann.JoinAsync(new Join { Room = "two" });
        await ann.UntilAsync(c => c.CaughtUp.Count == 2);
        await ann.SendManyAsync("two", [("k", "to two")]);
        await ann.SendManyAsync("one", [("k", "to one")]);
        await ann.UntilAsync(c => c.Messages.Count == 7);

        Assert.Equal([4, 5, 6], ann.Ids("one"));
        Assert.Equal([1, 2, 3, 4], ann.Ids("two"));
    }

    [Fact]
    public async Task Joining_a_joined_room_restarts_it_at_the_new_position()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 5);
        await using var ann = await server.JoinAsync("ann");
        await ann.UntilAsync(c => c.CaughtUp.Count == 1);

        await ann.JoinAsync(new Join { Room = "lobby", AfterId = 2, LogId = server.Log.LogId });
        await ann.UntilAsync(c => c.CaughtUp.Count == 2);

        Assert.Equal([1, 2, 3, 4, 5, 3, 4, 5], ann.Ids());
        Assert.Equal([0, 2], ann.Joined.Select(j => j.AfterId));
    }

    [Fact]
    public async Task Joins_of_one_room_in_one_request_are_answered_one_by_one_in_frames_of_their_own()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 5);
        await using var ann = server.Open("ann", "room", "-");

        await ann.WriteAsync(new ChatRequest
        {
            Leaves = { new Leave { Room = "lobby" } },
            Joins = { new Join { Room = "lobby", AfterId = 1 }, new Join { Room = "lobby", AfterId = -1 }, new Join { Room = "lobby", AfterId = 3 } },
        });
        await ann.UntilAsync(c => c.CaughtUp.Count > 0 && c.Joined.Count == 3 && c.Ids().Contains(5));

        Assert.Equal([1, 5, 3], ann.Joined.Select(j => j.AfterId));
        foreach (var frame in ann.Frames)
        {
            // Read as the contract says, joined before messages before left: then nothing may come before a join.
            Assert.True(frame.Joined.Count <= 1);
            Assert.False(frame.Joined.Count > 0 && frame.Left.Count > 0);
        }

        Assert.Equal([4, 5], ann.Ids().TakeLast(2));
    }

    [Fact]
    public async Task A_join_in_a_request_takes_effect_before_its_sends()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 2);
        await using var ann = server.Open("ann", "room", "-");

        await ann.WriteAsync(new ChatRequest
        {
            Sends = { new Send { Room = "lobby", ClientOffset = "k", Text = "mine" } },
            Joins = { new Join { Room = "lobby", AfterId = -1 } },
        });
        await ann.UntilAsync(c => c.Messages.Count == 1);

        Assert.Equal((2, 2), (ann.Joined[0].AfterId, ann.Joined[0].HeadId));
        Assert.Equal("mine", ann.Messages[0].Text);
    }

    [Fact]
    public async Task A_room_that_was_left_sends_nothing_more()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");
        await ann.LeaveAsync("lobby");
        await ann.UntilAsync(c => c.Left.Count == 1);
        Assert.Equal(new Left { Room = "lobby" }, ann.Left[0]);

        await ann.SendManyAsync("lobby", [("k-1", "not for me")]);
        await ann.JoinAsync(new Join { Room = "other" });
        await ann.SendManyAsync("other", [("k-1", "for me")]);
        await ann.UntilAsync(c => c.Messages.Count > 0);
        Assert.Equal("for me", ann.Messages.Single().Text);
    }

    [Fact]
    public async Task A_join_with_nothing_to_replay_is_caught_up_at_once_even_where_the_room_is_left_right_away()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        for (var n = 0; n < 200; n++)
        {
            await ann.JoinAsync(new Join { Room = $"room-{n}" });
            await ann.LeaveAsync($"room-{n}");
        }

        await ann.UntilAsync(c => c.Left.Count == 200);
        Assert.Equal(200, ann.CaughtUp.Count);
    }

    [Fact]
    public async Task Leaving_a_room_that_is_not_joined_is_answered_too()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");

        await ann.LeaveAsync("nowhere");
        await ann.LeaveAsync("");
        await ann.UntilAsync(c => c.Left.Count == 2);

        Assert.Equal(["nowhere", ""], ann.Left.Select(l => l.Room));
    }

    public static TheoryData<Join> Refused => new(
        new Join { Room = "" },
        new Join { Room = "Nope" },
        new Join { Room = new string('é', 100) },
        new Join { Room = "lobby", AfterId = -2 },
        new Join { Room = "lobby", ReplayLimit = -1 });

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_bad_join_is_answered_by_Left_and_leaves_the_room(Join join)
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann");

        await ann.JoinAsync(join);
        await ann.UntilAsync(c => c.Left.Count == 1);

        Assert.Equal(Reason.Invalid, ann.Left[0].Reason);
        Assert.NotEmpty(ann.Left[0].Detail);
        Assert.StartsWith(ann.Left[0].Room, join.Room, StringComparison.Ordinal);
        await ann.SendManyAsync("lobby", [("k", "x")]);
        await ann.CompleteAsync();
        await ann.ToEndAsync();
        Assert.Equal(join.Room == "lobby" ? 0 : 1, ann.Messages.Count);
    }

    [Fact]
    public async Task A_stream_that_has_its_rooms_is_refused_another()
    {
        await using var server = await ChatServer.StartAsync(options => options.MaxRoomsPerStream = 2);
        await using var ann = await server.JoinAsync("ann");
        await ann.JoinAsync(new Join { Room = "two" });
        await ann.JoinAsync(new Join { Room = "three" });
        await ann.JoinAsync(new Join { Room = "two" });
        await ann.LeaveAsync("lobby");
        await ann.JoinAsync(new Join { Room = "three" });
        await ann.UntilAsync(c => c.Joined.Count == 4);

        Assert.Equal(["lobby", "two", "two", "three"], ann.Joined.Select(j => j.Room));
        Assert.Equal([("three", Reason.Limit), ("lobby", Reason.Unspecified)], ann.Left.Select(l => (l.Room, l.Reason)));
    }

    [Fact]
    public async Task Joining_an_unknown_room_stores_nothing()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await server.JoinAsync("ann", "unheard-of");
        await ann.UntilAsync(c => c.CaughtUp.Count == 1);

        Assert.Equal((1, 0), (ann.Joined[0].OldestId, ann.Joined[0].HeadId));
        Assert.Equal(new GrpcChat.AspNetCore.Storage.LogSize(0, 0), server.Log.Size);
    }

    [Fact]
    public async Task A_busy_room_does_not_keep_a_quiet_one_waiting()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("busy", 4000, textLength: 500);
        await server.FillAsync("quiet", 3);
        await using var ann = server.Open("ann", "room", "-");

        await ann.WriteAsync(new ChatRequest { Joins = { new Join { Room = "busy" }, new Join { Room = "quiet" } } });
        await ann.UntilAsync(c => c.CaughtUp.Any(caughtUp => caughtUp.Room == "quiet"));

        // Two megabytes of the busy room are due; the quiet one comes with the first of them.
        Assert.InRange(ann.Ids("busy").Count(), 0, 500);
        Assert.Equal([1, 2, 3], ann.Ids("quiet"));
    }

    [Fact]
    public async Task Each_of_many_busy_rooms_gets_its_turn()
    {
        const int Rooms = 20;
        await using var server = await ChatServer.StartAsync();
        var names = Enumerable.Range(0, Rooms).Select(n => $"room-{n:00}").ToList();
        foreach (var room in names)
        {
            await server.FillAsync(room, 100, textLength: 4000);
        }

        await using var ann = server.Open("ann", "room", "-");
        await ann.WriteAsync(new ChatRequest { Joins = { names.Select(room => new Join { Room = room }) } });
        await ann.UntilAsync(c => names.TrueForAll(room => c.Ids(room).Any()));

        // 400 KB of each are due, and a frame has space for some of the rooms only; nobody is served twice before all once.
        Assert.All(names, room => Assert.InRange(ann.Ids(room).Count(), 1, 20));
        await ann.UntilAsync(c => c.CaughtUp.Count == Rooms);
        Assert.All(names, room => Assert.Equal(Enumerable.Range(1, 100).Select(id => (long)id), ann.Ids(room)));
    }

    [Fact]
    public async Task No_frame_is_larger_than_64_KiB()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        var sends = Enumerable.Range(0, 60).Select(n => ($"{n} {new string('k', 120)}", new string('x', 16_384 - (n * 100))));
        foreach (var room in (string[])["a", "b", "c"])
        {
            await ann.SendManyAsync(room, sends);
            await ann.JoinAsync(new Join { Room = room, AfterId = 0 });
        }

        // Refusals are the longest answers; they are written while the replay is read.
        var refused = new Send { Room = new string('R', 200), ClientOffset = new string('o', 200), Text = "x" };
        var writing = Task.Run(async () =>
        {
            for (var n = 0; n < 10; n++)
            {
                await ann.WriteAsync(new ChatRequest { Sends = { Enumerable.Repeat(refused, 200) } });
            }
        });
        await ann.UntilAsync(c => c.Refusals.Count == 2000 && c.CaughtUp.Count == 3);
        await writing;

        Assert.All(ann.Frames, frame => Assert.InRange(frame.CalculateSize(), 1, 64 * 1024));
        Assert.Contains(ann.Frames, frame => frame.CalculateSize() > 15 * 1024);
    }

    [Fact]
    public async Task Three_hundred_streams_share_one_channel()
    {
        await using var server = await ChatServer.StartAsync();
        var readers = new List<ChatCall>();
        for (var n = 0; n < 300; n++)
        {
            readers.Add(server.Open($"reader-{n}"));
        }

        await Task.WhenAll(readers.Select(reader => reader.UntilAsync(c => c.CaughtUp.Count == 1)));
        await server.FillAsync("lobby", 3);

        await Task.WhenAll(readers.Select(reader => reader.UntilAsync(c => c.Messages.Count == 3)));
        foreach (var reader in readers)
        {
            Assert.Equal([1, 2, 3], reader.Ids());
            await reader.DisposeAsync();
        }
    }
}
