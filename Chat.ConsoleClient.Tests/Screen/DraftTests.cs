using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>What was typed can be brought back, and the ways to quit respect it.</summary>
public sealed class DraftTests
{
    private readonly TestScreen screen = new();

    [Fact]
    public void Quit_and_exit_and_Ctrl_C_and_Ctrl_D_on_an_empty_line_quit()
    {
        Assert.Equal([new Quit()], screen.Enter("/quit").Intents());
        Assert.Equal([new Quit()], screen.Enter("/exit").Intents());
        Assert.Equal([new Quit()], screen.Press(Key.Control('c')).Intents());
        Assert.Equal([new Quit()], screen.Press(Key.Control('d')).Intents());
        Assert.Empty(screen.Type("ab").Press(KeyName.Home).Press(Key.Control('d')).Intents());
        Assert.Equal("|b", screen.Line);
    }

    [Fact]
    public void Ctrl_C_first_clears_the_line_and_quits_only_when_it_is_pressed_again()
    {
        Assert.Empty(screen.Type("half a line").Press(Key.Control('c')).Intents());
        Assert.Equal("|", screen.Line);
        Assert.EndsWith(" Ctrl-C again quits", screen.Status, StringComparison.Ordinal);
        Assert.Equal("half a line|", screen.Press(KeyName.Up).Line);
        Assert.EndsWith("1 lobby", screen.Status, StringComparison.Ordinal);

        Assert.Empty(screen.Press(Key.Control('c')).Intents());
        Assert.Equal([new Quit()], screen.Press(Key.Control('c')).Intents());
        Assert.Equal("half a line|", screen.Press(KeyName.Up).Line);
    }

    [Theory]
    [InlineData("Ctrl-C")]
    [InlineData("/quit")]
    public void A_draft_in_another_room_is_not_thrown_away_without_a_word(string way)
    {
        screen.Join("ops").Type("a draft").Press(Key.Alt('1'));

        Assert.Empty(Try());
        Assert.EndsWith("· there is unsent text in ops; quit again to drop it", screen.Shown[^1], StringComparison.Ordinal);
        Assert.Equal([new Quit()], Try());

        List<Intent> Try() => (way == "/quit" ? screen.Enter(way) : screen.Press(Key.Control('c'))).Intents();
    }

    [Fact]
    public void A_draft_that_was_left_to_look_at_the_history_is_not_lost_by_sending_or_changing_an_earlier_line()
    {
        screen.Enter("one").Type("draft").Press(KeyName.Up).Press(KeyName.Enter).Press(KeyName.Up, 2);
        Assert.Equal("draft|", screen.Line);

        screen.Press(Key.Control('u')).Type("another").Press(KeyName.Up, 2).Type("!").Press(KeyName.Up);
        Assert.Equal("another|", screen.Line);
    }

    [Theory]
    [InlineData("", "text")]
    [InlineData("one", "two")]
    public void Ctrl_C_while_looking_at_the_history_keeps_the_draft(string sent, string draft)
    {
        screen.Enter(sent).Type(draft).Press(KeyName.Up).Press(Key.Control('c'));

        Assert.Equal($"{draft}|", screen.Press(KeyName.Up).Line);
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
}
