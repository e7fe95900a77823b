using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>Rooms are joined, shown and left, and the status line shows them.</summary>
public sealed class RoomTests
{
    private readonly TestScreen screen = new();

    [Fact]
    public void Join_of_a_new_room_requests_it_and_shows_it()
    {
        screen.Enter("/join ops");

        Assert.Equal([new JoinRoom("ops")], screen.Intents());
        Assert.Equal("ops", screen.Model.Current.Name);
        Assert.Equal("|", screen.Line);
        Assert.Contains("2 ops…", screen.Status, StringComparison.Ordinal);
        screen.Take(new RoomJoined("ops", "log", 0, 1, 0));
        Assert.DoesNotContain("ops…", screen.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void Join_of_a_joined_room_only_shows_it()
    {
        screen.Join("ops").Enter("/join lobby");

        Assert.Empty(screen.Intents());
        Assert.Equal("lobby", screen.Model.Current.Name);
    }

    [Fact]
    public void Alt_and_a_digit_and_Ctrl_N_and_P_go_to_other_rooms()
    {
        screen.Join("ops").Join("random");
        Assert.Equal("ops", Current(Key.Alt('2')));
        Assert.Equal("random", Current(Key.Control('n')));
        Assert.Equal("lobby", Current(Key.Control('n')));
        Assert.Equal("random", Current(Key.Control('p')));
        Assert.Equal("lobby", Current(Key.Alt('1')));
        Assert.Equal("lobby", Current(Key.Alt('9')));

        string Current(Key key) => screen.Press(key).Model.Current.Name;
    }

    [Fact]
    public void Each_room_keeps_its_draft()
    {
        screen.Join("ops").Type("for ops").Press(Key.Alt('1'));
        Assert.Equal("|", screen.Line);

        screen.Type("for all").Press(Key.Alt('2'));
        Assert.Equal("for ops|", screen.Line);
    }

    [Fact]
    public void Messages_in_other_rooms_are_counted_until_the_room_is_shown()
    {
        screen.Join("ops").Press(Key.Alt('1')).Receive(1, "one", room: "ops").Receive(2, "two", room: "ops");
        screen.Receive(3, "mine", "mira", room: "ops");
        Assert.Contains("2 ops +2", screen.Status, StringComparison.Ordinal);

        Assert.DoesNotContain("+", screen.Press(Key.Alt('2')).Status, StringComparison.Ordinal);
        Assert.EndsWith("two", screen.Shown[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_in_another_room_is_counted_too()
    {
        screen.Send("x", "k").Join("ops").Take(new MessageRefused("lobby", "k", "x", RefusalReason.Forbidden, "no"));

        Assert.Contains("1 lobby +1", screen.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void Leave_requests_to_leave_this_room_and_shows_another_one_when_it_is_left()
    {
        screen.Join("ops").Enter("/leave");
        Assert.Equal([new LeaveRoom("ops")], screen.Intents());

        screen.Take(new RoomLeft("ops", RefusalReason.Unspecified, ""));
        Assert.Equal("lobby", screen.Model.Current.Name);
        Assert.Equal(["lobby"], screen.Model.Rooms.Select(room => room.Name));
    }

    [Fact]
    public void Leave_of_another_room_removes_that_one()
    {
        screen.Join("ops").Enter("/leave lobby").Take(new RoomLeft("lobby", RefusalReason.Unspecified, ""));

        Assert.Equal([new LeaveRoom("lobby")], screen.Intents());
        Assert.Equal(["ops"], screen.Model.Rooms.Select(room => room.Name));
    }

    [Fact]
    public void The_last_room_stays_on_the_screen_after_it_is_left_and_nothing_can_be_sent_to_it()
    {
        screen.Receive(1, "hello").Enter("/leave").Take(new RoomLeft("lobby", RefusalReason.Unspecified, "")).Enter("anybody?");

        Assert.Contains(screen.Shown, row => row.EndsWith("hello", StringComparison.Ordinal));
        Assert.EndsWith("· not sent: you are not in lobby; type /join lobby", screen.Shown[^1], StringComparison.Ordinal);
        Assert.Equal("anybody?|", screen.Line);
        Assert.Equal([new LeaveRoom("lobby")], screen.Intents());
        screen.Press(Key.Control('u')).Enter("/join ops");
        Assert.Equal(["ops"], screen.Model.Rooms.Select(room => room.Name));
    }

    [Fact]
    public void A_room_that_the_service_made_the_user_leave_says_why()
    {
        screen.Take(new RoomLeft("lobby", RefusalReason.Forbidden, "you may not read here"));

        Assert.Contains("· you are no longer in lobby: you may not read here", screen.Shown[^2], StringComparison.Ordinal);
        Assert.Contains("· to try again, type /join lobby", screen.Shown[^1], StringComparison.Ordinal);
        screen.Enter("/join lobby");
        Assert.Equal([new JoinRoom("lobby")], screen.Intents());
    }

    [Fact]
    public void Leave_forgets_a_room_that_the_service_made_the_user_leave()
    {
        screen.Join("ops").Join("dev").Press(Key.Alt('1'));
        screen.Take(new RoomLeft("ops", RefusalReason.Forbidden, "no")).Take(new RoomLeft("lobby", RefusalReason.Forbidden, "no"));

        Assert.Equal([new LeaveRoom("ops"), new LeaveRoom("lobby")], screen.Enter("/leave ops").Enter("/leave").Intents());
        Assert.Equal(("dev", "dev"), (screen.Model.Current.Name, Assert.Single(screen.Model.Rooms).Name));
    }

    [Fact]
    public void A_draft_in_a_room_that_disappears_is_in_the_history()
    {
        screen.Join("ops").Type("a draft").Press(Key.Alt('1')).Enter("/leave ops");
        screen.Take(new RoomLeft("ops", RefusalReason.Unspecified, ""));

        Assert.Equal("a draft|", screen.Press(KeyName.Up).Line);
    }

    [Fact]
    public void A_join_that_failed_can_be_tried_again()
    {
        screen.Enter("/join ops");
        screen.Events.HandleFailure(screen.Intents().Single(), "the name is too long");

        Assert.EndsWith("· the name is too long", screen.Shown[^1], StringComparison.Ordinal);
        Assert.Equal([new JoinRoom("ops")], screen.Enter("/join ops").Intents());
    }

    [Theory]
    [InlineData(ConnectionState.Connecting, " ○ connecting…")]
    [InlineData(ConnectionState.Connected, " ● connected")]
    [InlineData(ConnectionState.Waiting, " ○ no connection")]
    [InlineData(ConnectionState.Halted, " ■ stopped")]
    [InlineData(ConnectionState.Closed, " ■ closed")]
    public void The_status_line_shows_the_state_of_the_connection(ConnectionState state, string expected)
    {
        screen.Take(new ConnectionChanged(state, null));

        Assert.Equal($"{expected}   1 lobby", screen.Status);
    }

    [Theory]
    [InlineData("http://10.0.0.1:5000/", " ● connected 10.0.0.1:5000   1 lobby")]
    [InlineData("https://chat.example:443 (10.0.0.1)", " ● connected chat.example:443 (10.0.0.…   1 lobby")]
    public void The_status_line_names_the_node_where_there_are_several(string node, string expected)
    {
        screen.Take(new ConnectionChanged(ConnectionState.Connected, null) { Node = node });

        Assert.Equal(expected, screen.Status);
    }

    [Fact]
    public void A_problem_has_a_row_of_its_own_until_it_is_over()
    {
        var problem = new ConnectionProblem(ProblemKind.Unreachable, "nothing answers at x", TimeSpan.FromSeconds(1));
        screen.Take(new ConnectionChanged(ConnectionState.Waiting, problem));
        Assert.Equal(" ! nothing answers at x", screen.Rows[^3]);

        screen.Take(new ConnectionChanged(ConnectionState.Connected, null));
        Assert.DoesNotContain(" ! nothing answers at x", screen.Rows);
    }

    [Fact]
    public void A_permanent_failure_is_shown_in_full()
    {
        var message = string.Join(' ', Enumerable.Repeat("because", 40));
        screen.Take(new ConnectionChanged(ConnectionState.Halted, new(ProblemKind.AccessDenied, message, null)));

        Assert.Equal(40, screen.Shown[..^1].Sum(row => row.Split("because").Length - 1));
    }

    [Fact]
    public void If_not_all_rooms_fit_those_with_unread_messages_are_shown()
    {
        var narrow = new TestScreen(columns: 60);
        for (var i = 0; i < 20; i++)
        {
            narrow.Join($"room-{i}");
        }

        narrow.Press(Key.Alt('1')).Receive(1, "look", room: "room-17");

        Assert.Contains("1 lobby", narrow.Status, StringComparison.Ordinal);
        Assert.Contains("19 room-17 +1", narrow.Status, StringComparison.Ordinal);
        Assert.DoesNotContain("room-3", narrow.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void Before_any_room_is_joined_the_screen_says_how_to_join_one()
    {
        var empty = new TestScreen(room: null);
        empty.Enter("hello");

        Assert.EndsWith("· not sent: you are in no room; type /join ROOM", empty.Shown[^1], StringComparison.Ordinal);
        Assert.Equal("hello|", empty.Line);
        empty.Press(Key.Control('u')).Enter("/leave");
        Assert.EndsWith("· you are in no room", empty.Shown[^1], StringComparison.Ordinal);
    }
}
