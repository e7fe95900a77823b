using Chat.Client;
using Chat.ConsoleClient.Screen;
using Xunit;

namespace Chat.ConsoleClient.Tests.Screen;

/// <summary>The conversation scrolls to its beginning, page by page from the service, and what arrives does not move it.</summary>
public sealed class ScrollTests
{
    // 22 rows for the conversation: a page moves by 20.
    private readonly TestScreen screen = new(afterId: 1000);

    [Fact]
    public void PageUp_shows_what_is_above_and_keeps_two_rows_in_sight()
    {
        Fill(1001, 1100);
        Assert.Equal((1079, 1100), Ids());

        screen.Press(KeyName.PageUp);

        Assert.Equal((1059, 1080), Ids());
        Assert.Empty(screen.Intents());
    }

    [Fact]
    public void PageDown_comes_back_to_the_newest_and_follows_it()
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
    public void Esc_and_End_go_back_to_the_newest_at_once(object key)
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp, 3).Press((KeyName)key);

        Assert.Equal((1079, 1100), Ids());
    }

    [Fact]
    public void End_is_the_end_of_the_line_where_nothing_is_scrolled()
    {
        screen.Type("abc").Press(KeyName.Home).Press(KeyName.End);

        Assert.Equal("abc|", screen.Line);
    }

    [Fact]
    public void What_arrives_while_one_reads_further_up_moves_nothing_and_is_counted()
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
    public void Sending_goes_back_to_the_newest()
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp, 2).Enter("hello");

        Assert.EndsWith("… hello", screen.Shown[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_read_back_stays_above_a_message_that_is_sent()
    {
        screen.Model.Take(TestScreen.Page(951, 1000), "lobby");
        screen.Enter("hello");

        Assert.EndsWith("… hello", screen.Shown[^1], StringComparison.Ordinal);
        Assert.Equal((980, 1000), Ids());
    }

    [Fact]
    public void At_the_top_an_older_page_is_asked_for_once_and_scrolled_to_when_it_comes()
    {
        Fill(1001, 1005);
        Assert.Contains("PageUp for older messages", screen.Shown[0], StringComparison.Ordinal);

        screen.Press(KeyName.PageUp, 3);
        Assert.Equal([new LoadOlder("lobby", 1001)], screen.Intents());
        Assert.Contains("loading older messages…", screen.Shown[0], StringComparison.Ordinal);

        screen.Model.Take(TestScreen.Page(951, 1000), "lobby");
        Assert.True(Ids().Last < 1005);
        screen.Press(KeyName.Escape);
        Assert.Equal(1005, Ids().Last);
    }

    [Fact]
    public void The_beginning_is_reached_page_by_page_and_then_nothing_more_is_asked_for()
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
    public void All_the_way_up_and_down_again_every_message_is_seen()
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
                far.Model.Take(intent switch
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
    public void A_page_that_does_not_come_can_be_asked_for_again()
    {
        Fill(1001, 1005);
        screen.Press(KeyName.PageUp);
        screen.Model.Failed(Assert.Single(screen.Intents()), "nothing answers");

        Assert.EndsWith("· nothing answers", screen.Shown[^1], StringComparison.Ordinal);
        screen.Press(KeyName.PageUp);
        Assert.Equal([new LoadOlder("lobby", 1001)], screen.Intents());
    }

    [Fact]
    public void A_page_that_fits_nowhere_is_not_shown()
    {
        Fill(1001, 1005);
        screen.Press(KeyName.PageUp);
        screen.Model.Take(TestScreen.Page(951, 1000, log: "another log"), "lobby");
        screen.Model.Take(TestScreen.Page(951, 1000), "unknown room");
        screen.Model.Take(TestScreen.Page(1001, 1005), "lobby");
        screen.Press(KeyName.Escape);

        Assert.Equal((1001, 1005), Ids());
    }

    [Fact]
    public void A_page_that_was_asked_for_before_the_room_went_on_elsewhere_leaves_no_hole()
    {
        Fill(1001, 1005);
        screen.Press(KeyName.PageUp);
        screen.Take(new RoomJoined("lobby", "log", 5000, 1, 5000));
        screen.Model.Take(TestScreen.Page(951, 1000), "lobby");
        Fill(5001, 5002);

        Assert.Equal((5001, 5002), Ids());
        screen.Intents();
        Assert.Equal([new LoadOlder("lobby", 5001)], screen.Press(KeyName.PageUp).Intents());
    }

    [Fact]
    public void Where_older_messages_are_not_kept_none_is_asked_for()
    {
        var late = new TestScreen(afterId: 1000);
        late.Take(new RoomJoined("lobby", "log", 1000, 1001, 1000)).Receive(1001, "first").Press(KeyName.PageUp);

        Assert.Empty(late.Intents());
        Assert.Contains("older messages are not kept", late.Shown[0], StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_page_ends_the_asking()
    {
        Fill(1001, 1005);
        screen.Press(KeyName.PageUp);
        screen.Intents();
        screen.Model.Take(new HistoryPage([], "log", 1, 1005), "lobby");
        screen.Press(KeyName.PageUp);

        Assert.Empty(screen.Intents());
    }

    [Fact]
    public void A_text_that_is_longer_than_the_screen_scrolls_by_rows()
    {
        screen.Receive(1001, string.Join(' ', Enumerable.Range(0, 1000).Select(n => $"{n:0000}")));
        var last = screen.Shown[^1];
        screen.Press(KeyName.PageUp);
        Assert.NotEqual(last, screen.Shown[^1]);
        screen.Press(KeyName.PageDown);

        Assert.Equal(last, screen.Shown[^1]);
    }

    [Fact]
    public void Memory_is_bounded_and_what_was_dropped_is_read_again()
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
    public void A_flood_that_drops_what_is_looked_at_leaves_the_view_on_the_next_one()
    {
        Fill(1001, 1100);
        screen.Press(KeyName.PageUp, 2);
        Fill(1101, 9000);

        Assert.True(Ids().First >= 7001);
        Assert.NotEqual(9000, Ids().Last);
    }

    [Fact]
    public void A_resize_keeps_what_is_looked_at_in_sight()
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
            screen.Model.Take(TestScreen.Page(Math.Max(1, older.BeforeId - 50), older.BeforeId - 1), older.Room);
        }
    }
}
