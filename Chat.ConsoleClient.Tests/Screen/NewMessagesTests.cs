using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>What arrived while the user looked elsewhere begins with a rule, and is counted once.</summary>
public sealed class NewMessagesTests
{
    private const string Rule = "new since you left";
    private readonly TestScreen screen = new();

    [Fact]
    public void What_arrives_in_another_room_begins_with_a_rule_until_that_room_is_left_again()
    {
        screen.Receive(1, "one").Receive(2, "two").Join("ops").Receive(3, "three").Receive(4, "four").Press(Key.Alt('1'));
        Assert.Equal(["one", "two", Rule, "three", "four"], Texts(screen));

        screen.Receive(5, "five");
        Assert.Equal(["one", "two", Rule, "three", "four", "five"], Texts(screen));

        screen.Press(Key.Alt('2')).Press(Key.Alt('1')).Receive(6, "six");
        Assert.Equal(["one", "two", "three", "four", "five", "six"], Texts(screen));
    }

    [Fact]
    public void Own_messages_are_not_new()
    {
        screen.Receive(1, "one").Join("ops").Receive(2, "mine", "mira").Press(Key.Alt('1'));
        Assert.Equal(["one", "mine"], Texts(screen));

        screen.Press(Key.Alt('2')).Receive(3, "mine", "mira").Receive(4, "four").Press(Key.Alt('1'));
        Assert.Equal(["one", "mine", "mine", Rule, "four"], Texts(screen));
    }

    [Fact]
    public void What_arrived_since_the_last_start_begins_with_a_rule_and_the_past_stands_above_it()
    {
        var late = Restart();
        late.Take(new RoomJoined("lobby", "log", 10, 1, 12)).Receive(11, "eleven").Receive(12, "twelve");
        late.Take(new RoomCaughtUp("lobby", 12)).Receive(13, "thirteen");
        late.Events.Handle(TestScreen.Page(9, 10), "lobby");

        Assert.Equal(["message 9", "message 10", Rule, "eleven", "twelve", "thirteen"], Texts(late));
    }

    [Fact]
    public void After_a_start_without_anything_new_the_next_message_is_not_marked()
    {
        var late = Restart();
        late.Take(new RoomJoined("lobby", "log", 10, 1, 10)).Take(new RoomCaughtUp("lobby", 10)).Receive(11, "eleven");

        Assert.Equal(["eleven"], Texts(late));
    }

    [Fact]
    public void In_a_room_that_is_joined_for_the_first_time_nothing_is_marked_as_new()
    {
        var first = new TestScreen(afterId: 10);
        first.Receive(11, "eleven").Take(new RoomCaughtUp("lobby", 11)).Receive(12, "twelve");

        Assert.Equal(["eleven", "twelve"], Texts(first));
    }

    [Fact]
    public void What_is_new_and_begins_a_day_has_the_day_below_the_rule()
    {
        screen.Receive(1, "one").Join("ops").Receive(2, "two", at: TestScreen.Now.AddDays(1)).Press(Key.Alt('1'));

        Assert.Equal(["one", Rule, "Thursday, 16 July 2026", "two"], Texts(screen));
    }

    [Fact]
    public void The_rule_is_there_when_what_is_new_was_dropped_and_is_loaded_again()
    {
        screen.Receive(1, "one").Join("ops");
        for (var id = 2; id <= 3000; id++)
        {
            screen.Receive(id, $"message {id}");
        }

        screen.Press(Key.Alt('1'));
        for (var loaded = screen.Enter("/history").Intents(); loaded.Count > 0; loaded = screen.Enter("/history").Intents())
        {
            var before = Assert.IsType<LoadOlder>(Assert.Single(loaded)).BeforeId;
            screen.Events.Handle(TestScreen.Page(Math.Max(1, before - 100), before - 1), "lobby");
        }

        Assert.Equal(["message 1", Rule, "message 2"], Texts(screen)[..3]);
    }

    [Fact]
    public void The_rule_takes_a_row_when_the_view_scrolls()
    {
        for (var id = 1; id <= 60; id++)
        {
            _ = id == 31 ? screen.Join("ops") : screen;
            screen.Receive(id, $"message {id}");
        }

        screen.Press(Key.Alt('1'));
        var newest = screen.Shown;
        var seen = newest.ToHashSet();
        for (var i = 0; i < 4; i++)
        {
            seen.UnionWith(screen.Press(KeyName.PageUp).Shown);
        }

        Assert.All(Enumerable.Range(1, 60), id => Assert.Contains(seen, row => row.EndsWith($"message {id}", StringComparison.Ordinal)));
        Assert.Equal(newest, screen.Press(KeyName.PageDown, 4).Shown);
    }

    [Fact]
    public void The_content_of_another_log_is_not_counted_but_what_was_sent_since_is()
    {
        for (var id = 1; id <= 100; id++)
        {
            screen.Receive(id, $"message {id}", at: TestScreen.Now.AddSeconds(id));
        }

        screen.Join("ops").Take(new RoomJoined("lobby", "restored", 0, 1, 82)).Take(new RoomReset("lobby", "restored", 0));
        Replay(screen, 1, 80);
        Assert.Contains("1 lobby +1 ", screen.Status, StringComparison.Ordinal); // The notice.

        Replay(screen, 81, 82, TestScreen.Now.AddMinutes(5));
        screen.Take(new RoomCaughtUp("lobby", 82));
        Replay(screen, 83, 83);
        Assert.Contains("1 lobby +4 ", screen.Status, StringComparison.Ordinal);

        var shown = Texts(screen.Press(Key.Alt('1')));
        Assert.Equal(
            ["message 80", Rule, "message 81", "message 82",
                "the 82 messages above come from a different log", "message 83"],
            shown[^6..]);
    }

    [Fact]
    public void After_a_restart_nothing_that_another_log_contained_is_counted()
    {
        var late = Restart();
        late.Model.Remember(["ops"]);
        late.Take(new RoomJoined("ops", "restored", 0, 1, 10_000)).Take(new RoomReset("ops", "restored", 0));
        for (var id = 1; id <= 10_000; id++)
        {
            late.Take(new MessageReceived(TestScreen.Message(id, "text", room: "ops") with { LogId = "restored" }));
        }

        late.Take(new RoomCaughtUp("ops", 10_000));
        Assert.EndsWith("2 ops +1", late.Status, StringComparison.Ordinal);
        late.Take(new MessageReceived(TestScreen.Message(10_001, "text", room: "ops") with { LogId = "restored" }));
        Assert.EndsWith("2 ops +2", late.Status, StringComparison.Ordinal);
    }

    // The screen of a user who has been in the room before.
    private static TestScreen Restart()
    {
        var late = new TestScreen(room: null);
        late.Model.Remember(["lobby"]);
        late.Model.Open("lobby");
        late.Intents();
        return late.Take(new ConnectionChanged(ConnectionState.Connected, null));
    }

    private static void Replay(TestScreen screen, int from, int to, DateTimeOffset? at = null)
    {
        for (var id = from; id <= to; id++)
        {
            screen.Take(new MessageReceived(
                TestScreen.Message(id, $"message {id}", at: at ?? TestScreen.Now.AddSeconds(id)) with { LogId = "restored" }));
        }
    }

    // The texts of the messages and of the rules, without the first day.
    private static string[] Texts(TestScreen shown) =>
    [
        .. shown.Shown.Where(row => !row.Contains("Wednesday", StringComparison.Ordinal) && !row.Contains("PageUp", StringComparison.Ordinal))
            .Select(row => row.StartsWith('─') ? row.Trim('─', ' ') : row[19..]),
    ];
}
