using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>The input: messages, commands and pastes.</summary>
public sealed class InputTests
{
    private readonly TestScreen screen = new();

    [Fact]
    public void Enter_sends_the_line_and_empties_it()
    {
        screen.Type("a 世 👩‍👩‍👧");
        Assert.Equal("› a 世 👩‍👩‍👧", screen.Rows[^1]);
        Assert.Equal(2 + 7, screen.Frame.CursorColumn);

        Assert.Equal("a 世 👩‍👩‍👧", Assert.IsType<SendText>(Assert.Single(screen.Press(KeyName.Enter).Intents())).Text);
        Assert.Equal("|", screen.Line);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    public void A_blank_line_is_not_sent_and_does_not_stay(string text)
    {
        Assert.Empty(screen.Enter(text).Intents());
        Assert.Equal("|", screen.Line);
    }

    [Fact]
    public void Two_slashes_send_a_text_that_begins_with_one()
    {
        Assert.Equal("/etc/hosts", Assert.IsType<SendText>(Assert.Single(screen.Enter("//etc/hosts").Intents())).Text);
    }

    [Fact]
    public void A_command_that_is_unknown_is_not_sent_and_Up_brings_it_back()
    {
        Assert.Empty(screen.Enter("/jion ops").Intents());
        Assert.Equal("|", screen.Line);
        screen.Keys.Handle(new Key(KeyName.Up));
        Assert.Equal("/jion ops|", screen.Line);
        Assert.Contains("unknown command /jion; /help lists the commands", screen.Shown[^2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/join", "which room? Type /join ROOM")]
    [InlineData("/leave nowhere", "you are not in nowhere")]
    [InlineData("/me", "what do you do? Type /me TEXT")]
    [InlineData("/history many", "'many' is not a number of messages; use 1 to 1000")]
    [InlineData("/history 0", "'0' is not a number of messages; use 1 to 1000")]
    [InlineData("/history 1001", "'1001' is not a number of messages; use 1 to 1000")]
    [InlineData("/join Bad Room", "'Bad Room' is not a valid room name; use 1 to 64 characters a-z, 0-9, '.', '_' and '-', starting with a letter or a digit")]
    public void A_command_that_cannot_be_run_says_why(string line, string why)
    {
        Assert.Empty(screen.Enter(line).Intents());
        Assert.EndsWith(why[^5..], screen.Shown[^1], StringComparison.Ordinal);
        Assert.Contains(screen.Shown, row => row.Contains($"· {why[..12]}", StringComparison.Ordinal));
        Assert.Equal("|", screen.Line);
    }

    [Fact]
    public void Rooms_requests_the_rooms_and_lists_them()
    {
        Assert.Equal([new ListRooms(IsForUser: true)], screen.Enter("/rooms").Intents());
        screen.Events.Handle([new("lobby", 12, TestScreen.Now), new("ops", 1, TestScreen.Now)], isForUser: true);

        Assert.EndsWith("· 2 rooms:", screen.Shown[^3], StringComparison.Ordinal);
        Assert.EndsWith("·   lobby  12 messages, the newest on 15 July 2026, 09:14", screen.Shown[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_list_of_rooms_says_so()
    {
        screen.Events.Handle([], isForUser: true);

        Assert.EndsWith("· there are no rooms yet", screen.Shown[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void History_scrolls_to_the_top_and_requests_older_messages()
    {
        var late = new TestScreen(afterId: 1000);
        for (var id = 1001; id <= 1100; id++)
        {
            late.Receive(id, "text");
        }

        Assert.Equal([new LoadOlder("lobby", 1001, 100)], late.Enter("/history").Intents());
        Assert.Contains("loading older messages…", late.Shown[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/history 5", 5)]
    [InlineData("/history 1000", 1000)]
    [InlineData("/history", 100)]
    public void History_loads_as_many_messages_as_it_names(string line, int count)
    {
        var late = new TestScreen(afterId: 5000);
        late.Receive(5001, "text");
        Assert.Equal([new LoadOlder("lobby", 5001, count)], late.Enter(line).Intents());

        late.Events.Handle(TestScreen.Page(5001 - count, 5000), "lobby");
        Assert.Contains(late.Shown[..3], row => row.EndsWith($"message {5001 - count}", StringComparison.Ordinal));
        Assert.Equal([new LoadOlder("lobby", 5001 - count, count)], late.Enter(line).Intents());
    }

    [Fact]
    public void History_at_the_beginning_of_the_room_says_so()
    {
        Assert.Empty(screen.Receive(1, "first").Enter("/history 5").Intents());
        Assert.EndsWith("· there are no older messages", screen.Shown[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Help_names_every_command_that_Tab_offers_and_fits_a_screen()
    {
        var wide = new TestScreen(columns: 200);
        var shown = wide.Enter("/help").Shown;
        Assert.InRange(shown.Length, 1, 22);
        screen.Receive(1, "text", "a name that is as wide as possible").Enter("/help");
        Assert.All(shown, row => Assert.Contains(screen.Shown, narrow => narrow.EndsWith(row.Trim(' ', '·'), StringComparison.Ordinal)));

        var offered = new HashSet<string>();
        for (screen.Type("/"); offered.Add(screen.Press(KeyName.Tab).Line);)
        {
        }

        Assert.Superset(new HashSet<string> { "/exit |", "/me |", "/join |" }, offered);
        Assert.DoesNotContain("/? |", offered);
        Assert.All(offered, command =>
            Assert.Contains(shown, row => row.Contains(command.Trim('|', ' '), StringComparison.Ordinal)));
    }

    [Fact]
    public void Me_sends_an_action_which_is_shown_beside_the_name_of_who_does_it()
    {
        Assert.Equal("/me waves", Assert.IsType<SendText>(Assert.Single(screen.Enter("/me waves").Intents())).Text);
        Assert.Equal("            mira … * waves", screen.Shown[^1]);

        screen.Receive(1, "/me leans back").Receive(2, "/menu").Receive(3, "/me").Receive(4, "* waves", "bob");
        Assert.Equal(
            ["alice   * leans back", "alice   /menu", "alice   /me", "bob   * waves"],
            screen.Shown[^5..^1].Select(row => row[6..].TrimStart()));
    }

    [Fact]
    public void Ctrl_Z_suspends()
    {
        Assert.Equal([new Suspend()], screen.Type("kept").Press(Key.Control('z')).Intents());
        Assert.Equal("kept|", screen.Line);
    }

    [Fact]
    public void Ctrl_L_redraws_the_screen()
    {
        Assert.Equal([new Repaint()], screen.Press(Key.Control('l')).Intents());
    }

    [Fact]
    public void Pasted_lines_are_sent_one_by_one()
    {
        screen.Type("<").Press(Key.Pasted("one\r\n\r\n/quit\ntwo")).Type(">");
        Assert.Equal(["› <one", "›", "› /quit", "› two>"], screen.Rows[^4..]);
        Assert.Empty(screen.Intents());

        var intents = screen.Press(KeyName.Enter).Intents();
        Assert.Equal(["<one", "/quit", "two>"], intents.Cast<SendText>().Select(send => send.Text));
        Assert.Equal("<one\n\n/quit\ntwo>|", screen.Press(KeyName.Up).Line);
    }

    [Theory]
    [InlineData(100, 0, "Enter sends 100 lines")]
    [InlineData(99, 2, "Enter sends 99 lines, not 2 blank ones")]
    [InlineData(2, 1, "Enter sends 2 lines, not 1 blank one")]
    [InlineData(1, 1, "Enter sends 1 line, not 1 blank one")]
    [InlineData(1, 0, "")]
    [InlineData(0, 3, "Enter sends nothing: 3 lines are blank")]
    public void Several_lines_in_the_input_are_counted_before_they_are_sent(int lines, int blank, string expected)
    {
        screen.Press(Key.Pasted(string.Join('\n', [.. Enumerable.Range(0, lines).Select(n => $"{n}"), .. Enumerable.Repeat(" ", blank)])));

        Assert.Equal($" ● connected   1 lobby{expected.PadLeft(57)}".TrimEnd(), screen.Status);
    }

    [Fact]
    public void On_a_narrow_screen_the_count_of_lines_goes_before_the_rooms()
    {
        var narrow = new TestScreen(columns: 40);
        narrow.Press(Key.Pasted("one\ntwo"));

        Assert.Contains("Enter sends 2 lines", narrow.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void Alt_Enter_starts_a_new_line()
    {
        screen.Type("one").Press(new Key(KeyName.Enter, "", KeyModifiers.Alt)).Type("two");

        Assert.Equal("one\ntwo|", screen.Line);
    }

    [Fact]
    public void A_paste_that_is_too_long_is_rejected()
    {
        screen.Type("kept").Press(Key.Pasted(new string('x', 100_000)));

        Assert.Equal("kept|", screen.Line);
        Assert.EndsWith("at most 65536", screen.Shown[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_input_takes_a_third_of_the_screen_and_shows_the_rows_around_the_cursor()
    {
        screen.Press(Key.Pasted(string.Join('\n', Enumerable.Range(0, 100))));
        Assert.Equal(["› 92", "› 93", "› 94", "› 95", "› 96", "› 97", "› 98", "› 99"], screen.Rows[^8..]);

        screen.Press(KeyName.Up, 50);
        Assert.Contains("› 49", screen.Rows[screen.Frame.CursorRow], StringComparison.Ordinal);
        screen.Press(KeyName.Up, 49);
        Assert.Equal("› 0", screen.Rows[^8]);
        Assert.Equal((16, 3), (screen.Frame.CursorRow, screen.Frame.CursorColumn));
    }

    [Fact]
    public void A_long_line_wraps_and_the_cursor_always_has_a_cell()
    {
        for (var length = 0; length < 300; length++)
        {
            screen.Type(length % 7 == 0 ? "世" : "x");
            var frame = screen.Frame;
            Assert.InRange(frame.CursorColumn, 2, 79);
            Assert.Equal(Cell.Blank, frame.Rows[frame.CursorRow][frame.CursorColumn]);
        }
    }

    [Fact]
    public void An_unknown_key_does_nothing()
    {
        screen.Type("a").Press(Key.Control('x'), Key.Alt('x'), Key.Control('g')).Press(KeyName.Escape);

        Assert.Equal("a|", screen.Line);
        Assert.Empty(screen.Intents());
    }
}
