using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>
/// The conversation scrolls up to its beginning, page by page from the service, and new messages do not move it.
/// </summary>
public sealed class ScrollTests
{
    // 22 rows for the conversation: a page moves by 20.
    private readonly TestScreen screen = new(afterId: 1000);

    [Fact]
    public void PageUp_scrolls_up_and_keeps_two_rows()
    {
        Fill(1001, 1100);
        Assert.Equal((1079, 1100), Ids());

        screen.Press(KeyName.PageUp);

        Assert.Equal((1059, 1080), Ids());
        Assert.Empty(screen.Intents());
    }

    [Fact]
    public void PageDown_scrolls_back_to_the_newest_message_and_follows_it()
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp, 2).Press(KeyName.PageDown, 2);
        Fill(1101, 1101);

        Assert.Equal((1080, 1101), Ids());
        screen.Press(KeyName.PageDown);
        Assert.Equal((1080, 1101), Ids());
    }

    [Theory]
    [InlineData(KeyName.Escape)]
    [InlineData(KeyName.End)]
    public void Esc_and_End_go_back_to_the_newest_message(object key)
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp, 3).Press((KeyName)key);

        Assert.Equal((1079, 1100), Ids());
    }

    [Fact]
    public void End_goes_to_the_end_of_the_line_if_the_view_is_not_scrolled()
    {
        screen.Type("abc").Press(KeyName.Home).Press(KeyName.End);

        Assert.Equal("abc|", screen.Line);
    }

    [Fact]
    public void New_messages_do_not_move_a_scrolled_view_and_are_counted()
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp);
        var before = screen.Shown;
        Fill(1101, 1103);
        screen.Receive(1104, "mine", "mira");

        Assert.Equal(before, screen.Shown);
        Assert.Contains("↓ 3 new", screen.Status, StringComparison.Ordinal);
        screen.Press(KeyName.Escape);
        Assert.DoesNotContain("new", screen.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void Sending_goes_back_to_the_newest_message()
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp, 2).Enter("hello");

        Assert.EndsWith("… hello", screen.Shown[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_past_stays_above_a_message_that_is_sent()
    {
        screen.Events.Handle(TestScreen.Page(951, 1000), "lobby");
        screen.Enter("hello");

        Assert.EndsWith("… hello", screen.Shown[^1], StringComparison.Ordinal);
        Assert.Equal((980, 1000), Ids());
    }

    [Fact]
    public void At_the_top_an_older_page_is_requested_once_and_scrolled_to_when_it_arrives()
    {
        Fill(1001, 1005);
        Assert.Contains("PageUp for older messages", screen.Shown[0], StringComparison.Ordinal);

        screen.Press(KeyName.PageUp, 3);
        Assert.Equal([new LoadOlder("lobby", 1001)], screen.Intents());
        Assert.Contains("loading older messages…", screen.Shown[0], StringComparison.Ordinal);

        screen.Events.Handle(TestScreen.Page(951, 1000), "lobby");
        Assert.True(Ids().Last < 1005);
        screen.Press(KeyName.Escape);
        Assert.Equal(1005, Ids().Last);
    }

    [Fact]
    public void The_beginning_is_reached_page_by_page_and_then_nothing_more_is_requested()
    {
        Fill(1001, 1100);
        for (var i = 0; i < 200; i++)
        {
            screen.Press(KeyName.PageUp);
            Answer();
        }

        Assert.Equal((1, 21), Ids());
        screen.Press(KeyName.PageUp);
        Assert.Empty(screen.Intents());
        Assert.StartsWith("─", screen.Shown[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_message_is_shown_on_the_way_up_and_on_the_way_down()
    {
        var far = new TestScreen(afterId: 9000);
        for (var id = 9001; id <= 9100; id++)
        {
            far.Receive(id, $"message {id}");
        }

        var seen = AllIds(far).ToHashSet();
        for (var i = 0; i < 600; i++)
        {
            Look(KeyName.PageUp);
        }

        Assert.Empty(Enumerable.Range(1, 9100).Select(id => (long)id).Except(seen));

        seen.Clear();
        seen.UnionWith(AllIds(far));
        for (var i = 0; i < 700; i++)
        {
            Look(KeyName.PageDown);
        }

        Assert.Empty(Enumerable.Range(1, 9100).Select(id => (long)id).Except(seen));
        Assert.Null(far.Model.Current.Timeline.Anchor);

        void Look(KeyName key)
        {
            far.Press(key);
            foreach (var intent in far.Intents())
            {
                far.Events.Handle(intent switch
                {
                    LoadOlder older => TestScreen.Page(Math.Max(1, older.BeforeId - 100), older.BeforeId - 1),
                    LoadNewer newer => TestScreen.Page(newer.AfterId + 1, newer.AfterId + 100),
                    _ => throw new InvalidOperationException($"{intent}"),
                }, "lobby");
            }

            seen.UnionWith(AllIds(far));
            Assert.InRange(far.Model.Current.Timeline.Count, 1, 2 * Timeline.Limit);
        }
    }

    [Fact]
    public void A_page_that_fails_can_be_requested_again()
    {
        Fill(1001, 1005);
        screen.Press(KeyName.PageUp);
        screen.Events.HandleFailure(Assert.Single(screen.Intents()), "nothing answers");

        Assert.EndsWith("· nothing answers", screen.Shown[^1], StringComparison.Ordinal);
        screen.Press(KeyName.PageUp);
        Assert.Equal([new LoadOlder("lobby", 1001)], screen.Intents());
    }

    [Fact]
    public void A_page_that_fits_nowhere_is_ignored()
    {
        Fill(1001, 1005);
        screen.Press(KeyName.PageUp);
        screen.Events.Handle(TestScreen.Page(951, 1000, log: "another log"), "lobby");
        screen.Events.Handle(TestScreen.Page(951, 1000), "unknown room");
        screen.Events.Handle(TestScreen.Page(1001, 1005), "lobby");
        screen.Press(KeyName.Escape);

        Assert.Equal((1001, 1005), Ids());
    }

    [Fact]
    public void A_page_that_was_requested_before_the_room_moved_on_leaves_no_hole()
    {
        Fill(1001, 1005);
        screen.Press(KeyName.PageUp);
        screen.Take(new RoomJoined("lobby", "log", 5000, 1, 5000));
        screen.Events.Handle(TestScreen.Page(951, 1000), "lobby");
        Fill(5001, 5002);

        Assert.Equal((5001, 5002), Ids());
        screen.Intents();
        Assert.Equal([new LoadOlder("lobby", 5001)], screen.Press(KeyName.PageUp).Intents());
    }

    [Fact]
    public void Older_messages_that_the_service_does_not_keep_are_not_requested()
    {
        var late = new TestScreen(afterId: 1000);
        late.Take(new RoomJoined("lobby", "log", 1000, 1001, 1000)).Receive(1001, "first").Press(KeyName.PageUp);

        Assert.Empty(late.Intents());
        Assert.Contains("the service does not keep older messages", late.Shown[0], StringComparison.Ordinal);
    }

    [Fact]
    public void After_an_empty_page_nothing_more_is_requested()
    {
        Fill(1001, 1005);
        screen.Press(KeyName.PageUp);
        screen.Intents();
        screen.Events.Handle(new HistoryPage([], "log", 1, 1005), "lobby");
        screen.Press(KeyName.PageUp);

        Assert.Empty(screen.Intents());
    }

    [Fact]
    public void A_text_longer_than_the_screen_scrolls_by_rows()
    {
        screen.Receive(1001, string.Join(' ', Enumerable.Range(0, 1000).Select(n => $"{n:0000}")));
        var last = screen.Shown[^1];
        screen.Press(KeyName.PageUp);
        Assert.NotEqual(last, screen.Shown[^1]);
        screen.Press(KeyName.PageDown);

        Assert.Equal(last, screen.Shown[^1]);
    }

    [Fact]
    public void Memory_is_bounded_and_dropped_messages_are_loaded_again()
    {
        Fill(1001, 6000);

        Assert.Equal(Timeline.Limit, screen.Model.Current.Timeline.Count);
        for (var i = 0; i < 101; i++)
        {
            screen.Press(KeyName.PageUp);
        }

        Assert.Equal([new LoadOlder("lobby", 4001)], screen.Intents());
    }

    [Fact]
    public void A_flood_that_drops_the_messages_on_the_screen_leaves_the_view_on_the_next_ones()
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp, 2);
        Fill(1101, 9000);

        Assert.True(Ids().First >= 7001);
        Assert.NotEqual(9000, Ids().Last);
    }

    [Fact]
    public void A_resize_keeps_the_view()
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp, 2);
        var last = Ids().Last;
        screen.Model.Resize(40, 10);
        Assert.Equal(last, Ids().Last);
        screen.Model.Resize(200, 60);
        Assert.Equal(last, Ids().Last);
    }

    private static IEnumerable<long> AllIds(TestScreen screen) => screen.Shown
        .Where(row => row.Contains("message ", StringComparison.Ordinal))
        .Select(row => long.Parse(row.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture));

    private (long First, long Last) Ids() => (AllIds(screen).First(), AllIds(screen).Last());

    private void Fill(int from, int to)
    {
        for (var id = from; id <= to; id++)
        {
            screen.Receive(id, $"message {id}");
        }
    }

    private void Answer()
    {
        foreach (var older in screen.Intents().OfType<LoadOlder>())
        {
            screen.Events.Handle(TestScreen.Page(Math.Max(1, older.BeforeId - 50), older.BeforeId - 1), older.Room);
        }
    }
}
