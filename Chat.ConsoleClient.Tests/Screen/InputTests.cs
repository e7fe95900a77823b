using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>The input: messages, commands, completion, history, pastes, and ways to quit.</summary>
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
    public void An_empty_line_is_not_sent(string text)
    {
        Assert.Empty(screen.Enter(text).Intents());
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
        Assert.Equal([new ListRooms()], screen.Enter("/rooms").Intents());
        screen.Events.Handle([new("lobby", 12, TestScreen.Now), new("ops", 1, TestScreen.Now)]);

        Assert.EndsWith("· 2 rooms:", screen.Shown[^3], StringComparison.Ordinal);
        Assert.EndsWith("·   lobby  12 messages, the newest on 15 July 2026, 09:14", screen.Shown[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_list_of_rooms_says_so()
    {
        screen.Events.Handle(Array.Empty<RoomInfo>());

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

        Assert.Equal([new LoadOlder("lobby", 1001)], late.Enter("/history").Intents());
        Assert.Contains("loading older messages…", late.Shown[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Help_names_every_command()
    {
        screen.Enter("/help");

        Assert.All(["/join", "/leave", "/rooms", "/history", "/quit"], command =>
            Assert.Contains(screen.Shown, row => row.Contains(command, StringComparison.Ordinal)));
    }

    [Fact]
    public void Quit_and_Ctrl_C_and_Ctrl_D_on_an_empty_line_quit()
    {
        Assert.Equal([new Quit()], screen.Enter("/quit").Intents());
        Assert.Equal([new Quit()], screen.Press(Key.Control('d')).Intents());
        Assert.Empty(screen.Type("ab").Press(KeyName.Home).Press(Key.Control('d')).Intents());
        Assert.Equal("|b", screen.Line);
        Assert.Equal([new Quit()], screen.Press(Key.Control('c')).Intents());
    }

    [Fact]
    public void Ctrl_L_redraws_the_screen()
    {
        Assert.Equal([new Repaint()], screen.Press(Key.Control('l')).Intents());
    }

    [Fact]
    public void Up_and_Down_go_through_the_history_and_back_to_the_draft()
    {
        screen.Enter("one").Enter("two").Enter("/rooms").Type("draft").Press(KeyName.Up);
        Assert.Equal("/rooms|", screen.Line);
        Assert.Equal("two|", screen.Press(KeyName.Up).Line);
        Assert.Equal("one|", screen.Press(KeyName.Up, 3).Line);
        Assert.Equal("/rooms|", screen.Press(KeyName.Down, 2).Line);
        Assert.Equal("draft|", screen.Press(KeyName.Down).Line);
        Assert.Equal("draft|", screen.Press(KeyName.Down).Line);
    }

    [Fact]
    public void An_input_of_the_history_that_is_changed_is_a_new_draft()
    {
        screen.Enter("one").Press(KeyName.Up).Type("!").Press(KeyName.Up);
        Assert.Equal("one|", screen.Line);

        Assert.Equal("one!|", screen.Press(KeyName.Down).Line);
    }

    [Fact]
    public void The_history_of_inputs_is_bounded()
    {
        for (var i = 0; i < 1000; i++)
        {
            screen.Enter($"line {i}");
        }

        Assert.Equal("line 500|", screen.Press(KeyName.Up, 1000).Line);
    }

    [Theory]
    [InlineData("/j", 1, "/join |")]
    [InlineData("/h", 1, "/help |")]
    [InlineData("/h", 2, "/history |")]
    [InlineData("/h", 3, "/help |")]
    [InlineData("/x", 1, "/x|")]
    [InlineData("/join o", 1, "/join ops|")]
    [InlineData("/join o", 2, "/join office|")]
    [InlineData("/leave o", 2, "/leave ops|")]
    [InlineData("al", 1, "alice: |")]
    [InlineData("AL", 1, "alice: |")]
    [InlineData("hello al", 1, "hello alice |")]
    [InlineData("", 1, "bob: |")] // The latest sender comes first.
    [InlineData("", 2, "alice: |")]
    [InlineData("m", 1, "m|")] // A name with harmful characters is not offered.
    public void Tab_completes_commands_rooms_and_senders(string typed, int times, string expected)
    {
        screen.Receive(1, "x", "m\u202eallory").Receive(2, "x", "alice").Receive(3, "x", "bob");
        screen.Events.Handle([new("office", 1, TestScreen.Now)]);
        screen.Join("ops").Press(Key.Alt('1')).Type(typed).Press(KeyName.Tab, times);

        Assert.Equal(expected, screen.Line);
    }

    [Fact]
    public void Shift_Tab_goes_back_and_another_key_chooses_the_candidate()
    {
        screen.Receive(1, "x", "anna").Receive(2, "x", "anton").Type("an").Press(KeyName.Tab, 2).Press(KeyName.BackTab);
        Assert.Equal("anton: |", screen.Line);

        screen.Type("an").Press(KeyName.Tab);
        Assert.Equal("anton: anton |", screen.Line);
    }

    [Fact]
    public void Tab_within_a_line_leaves_what_follows()
    {
        screen.Receive(1, "x", "anna").Type("an!").Press(KeyName.Left).Press(KeyName.Tab);

        Assert.Equal("anna: |!", screen.Line);
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
