using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>Tab completes commands, rooms and names.</summary>
public sealed class TabTests
{
    private readonly TestScreen screen = new();

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
        screen.Events.Handle([new("office", 1, TestScreen.Now)], isForUser: true);
        screen.Join("ops").Press(Key.Alt('1')).Type(typed).Press(KeyName.Tab, times);

        Assert.Equal(expected, screen.Line);
    }

    [Fact]
    public void Join_loads_the_names_of_the_rooms_while_it_is_typed_and_Tab_completes_them()
    {
        Assert.Empty(screen.Type("/join").AllIntents());
        Assert.Equal([new ListRooms(IsForUser: false)], screen.Type(" of").AllIntents());

        screen.Events.Handle([new("office", 1, TestScreen.Now)], isForUser: false);
        Assert.Equal("/join office|", screen.Press(KeyName.Tab).Line);
        Assert.DoesNotContain(screen.Shown, row => row.Contains("1 room", StringComparison.Ordinal));
        Assert.Empty(screen.AllIntents());
    }

    [Fact]
    public void Tab_before_the_names_have_arrived_completes_when_they_do()
    {
        screen.Type("/join of").Press(KeyName.Tab);
        Assert.Equal("/join of|", screen.Line);

        screen.Events.Handle([new("office", 1, TestScreen.Now)], isForUser: false);
        Assert.Equal("/join office|", screen.Line);
    }

    [Fact]
    public void Names_that_arrive_after_another_key_change_nothing()
    {
        screen.Type("/join o").Press(KeyName.Tab).Type("x");
        screen.Events.Handle([new("ox", 1, TestScreen.Now), new("oxen", 1, TestScreen.Now)], isForUser: false);

        Assert.Equal("/join ox|", screen.Line);
    }

    [Fact]
    public void Names_that_could_not_be_loaded_are_loaded_again_by_Tab_which_says_if_they_cannot()
    {
        screen.Type("/join o");
        screen.Events.HandleFailure(Assert.Single(screen.AllIntents()), "nothing answers");
        Assert.Empty(screen.Shown);

        screen.Press(KeyName.Tab);
        screen.Events.HandleFailure(Assert.Single(screen.AllIntents()), "nothing answers");
        Assert.EndsWith("· nothing answers", Assert.Single(screen.Shown), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_loaded_again_for_each_join_because_rooms_come_and_go()
    {
        screen.Type("/join o");
        screen.Events.Handle([], isForUser: false);
        screen.AllIntents();
        Assert.Empty(screen.Type("ps").Press(KeyName.Tab).AllIntents());

        Assert.Equal([new ListRooms(IsForUser: false)], screen.Press(Key.Control('u')).Type("/join o").AllIntents());
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
}
