using System.Text;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary>The interactive client leaves a real terminal as it was, and lets nobody else control it.</summary>
public sealed class TerminalModeTests
{
    // The modes of a terminal that programs switch and tmux tells.
    private const string Modes =
        "alternate #{alternate_on}, cursor #{cursor_flag}, wraps #{wrap_flag}, keypad #{keypad_flag}#{keypad_cursor_flag}";

    [Theory]
    [InlineData("1", false)]
    [InlineData("", true)]
    public async Task There_are_colours_unless_NO_COLOR_is_set(string noColor, bool hasColours)
    {
        await using var server = await ChatServer.StartAsync();
        await server.SendOnceAsync("bob", "lobby", "k", "hello");
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann", environment: ("NO_COLOR", noColor));
        await ann.EnterAsync("hello, bob");
        await ann.UntilAsync(screen => screen.Shows("bob   hello") && screen.Shows("ann ✓ hello, bob"));

        // 30 to 49, or 90 to 107: colours of the text and of what is behind it; 39 and 49 are the terminal's own.
        var sequences = System.Text.RegularExpressions.Regex.Matches(await ann.LookWithColoursAsync(), "\u001b\\[([0-9;]*)m");
        var colours = sequences.Where(one => one.Groups[1].Value.Split(';').Any(code => code.Length > 1 && code is not ("39" or "49")));

        Assert.NotEmpty(sequences);
        Assert.Equal(hasColours, colours.Any());
    }

    [Fact]
    public async Task No_text_by_others_moves_anything_on_the_screen()
    {
        await using var server = await ChatServer.StartAsync();
        var corpus = TerminalTextTests.Corpus.Where(nasty => !nasty.Text.Contains('\0', StringComparison.Ordinal)
            && nasty.Text.EnumerateRunes().All(rune => rune != Rune.ReplacementChar)).ToArray();
        await using var ann = await TmuxTerminal.OpenAsync();
        await ann.ResizeAsync(120, 40);
        var title = await ann.AskAsync("#{pane_title}");
        await ann.StartChatAsync(server.Address, "ann");
        await ann.UntilAsync(screen => screen.IsInLobby);
        await ann.TypeAsync("half");
        var before = await ann.UntilAsync(screen => screen.Input == "half");
        for (var n = 0; n < corpus.Length; n++)
        {
            await server.SendOnceAsync("Eve\u202e", "lobby", $"{n}", corpus[n].Text);
        }

        await server.SendOnceAsync("bob", "lobby", "end", "end");
        var screen = await ann.UntilAsync(screen => screen.Shows("bob   end"));

        Assert.All(corpus, nasty => Assert.True(screen.Shows($"   {nasty.Shown}"), $"{nasty.Shown}\n{string.Join('\n', screen.Rows)}"));
        // The day, the greeting, the texts, the end.
        Assert.Equal(2 + corpus.Length + 1, screen.Conversation.SkipWhile(row => row.Length == 0).Count());
        Assert.Equal(before.Rows.Length, screen.Rows.Length);
        Assert.Equal((before.Status, "half"), (screen.Status, screen.Input));
        Assert.Equal((title, ""), (await ann.AskAsync("#{pane_title}"), await ann.ClipboardAsync()));
        Assert.Equal("6,39", await ann.AskAsync("#{cursor_x},#{cursor_y}"));
    }

    [Theory]
    [InlineData("/quit")]
    [InlineData("Ctrl-C")]
    [InlineData("SIGTERM")]
    public async Task However_the_client_ends_the_terminal_is_restored(string way)
    {
        await using var server = await ChatServer.StartAsync();
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync("stty -a > before; echo the screen before");
        await terminal.UntilAsync(screen => screen.Rows is [.., "the screen before", "$"]);
        var before = await terminal.AskAsync(Modes);
        await terminal.EnterAsync($"chat --address {server.Address} --user ann; echo \"ended with $?\"");
        await terminal.UntilAsync(screen => screen.IsConnected);
        Assert.NotEqual(before, await terminal.AskAsync(Modes));
        switch (way)
        {
            case "/quit": await terminal.EnterAsync("/quit"); break;
            case "Ctrl-C": await terminal.PressAsync("C-c"); break;
            default: await terminal.SignalAsync("TERM"); break;
        }

        var after = await terminal.UntilAsync(screen => screen.Rows is [.., "$"]);
        Assert.Contains("the screen before", after.Rows);
        Assert.Equal("ended with 0", after.Rows[^2]);
        await terminal.EnterAsync("stty -a > after; cmp before after && echo the same");
        var last = await terminal.UntilAsync(screen => screen.Rows is [.., not "$ stty -a > after; cmp before after && echo the same", "$"]
            && screen.Rows.Contains("$ stty -a > after; cmp before after && echo the same"));
        Assert.Equal("the same", last.Rows[^2]);
        Assert.Equal(before, await terminal.AskAsync(Modes));
    }

    [Theory]
    [InlineData("Ctrl-Z")]
    [InlineData("SIGTSTP")]
    public async Task A_suspended_client_gives_the_terminal_back_and_fg_shows_it_as_it_was(string way)
    {
        await using var server = await ChatServer.StartAsync();
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync("stty -a > before; echo the screen before");
        await terminal.UntilAsync(screen => screen.Rows is [.., "the screen before", "$"]);
        var before = await terminal.AskAsync(Modes);
        await terminal.StartChatAsync(server.Address, "ann");
        await terminal.UntilAsync(screen => screen.IsInLobby);
        for (var time = 1; time <= 2; time++)
        {
            await terminal.TypeAsync("half");
            await terminal.UntilAsync(screen => screen.Input == "half");
            if (way == "Ctrl-Z")
            {
                await terminal.PressAsync("C-z");
            }
            else
            {
                await terminal.SignalAsync("TSTP");
            }

            await terminal.UntilAsync(screen => screen.Rows is [.., "$"] && screen.Rows.Contains("the screen before"));
            Assert.Equal(before, await terminal.AskAsync(Modes));
            await server.SendOnceAsync("bob", "lobby", $"{time}", $"while it is suspended {time}");
            await terminal.EnterAsync("clear; stty -a > after; cmp before after && echo the same; jobs");
            await terminal.UntilAsync(screen => screen.Rows is ["the same", var job, "$"]
                && (job.Contains("Stopped", StringComparison.Ordinal) || job.Contains("Suspended", StringComparison.Ordinal)));

            await terminal.EnterAsync("clear; echo the screen before; fg");
            await terminal.UntilAsync(screen => screen.IsConnected && screen.Input == "half"
                && screen.Shows($"bob   while it is suspended {time}"));
            await terminal.EnterAsync($" a line {time}");
            await terminal.UntilAsync(screen => screen.Input == "" && screen.Shows($"ann ✓ half a line {time}"));
        }

        await terminal.EnterAsync("/quit");
        await terminal.UntilAsync(screen => screen.Rows is [.., "$"]);
        Assert.Equal(before, await terminal.AskAsync(Modes));
    }

    [Fact]
    public async Task Without_a_shell_that_could_continue_it_the_client_stays_on_the_screen_after_Ctrl_Z()
    {
        await using var server = await ChatServer.StartAsync();
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync($"exec sh ./chat --address {server.Address} --user ann");
        await terminal.UntilAsync(screen => screen.IsInLobby);

        await terminal.PressAsync("C-z");
        await terminal.EnterAsync("still here");

        await terminal.UntilAsync(screen => screen.IsConnected && screen.Shows("ann ✓ still here"));
    }

    [Fact]
    public async Task A_client_whose_terminal_is_closed_ends_without_a_crash()
    {
        await using var server = await ChatServer.StartAsync();
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync($"chat --address {server.Address} --user ann 2> errors");
        await terminal.UntilAsync(screen => screen.IsConnected);

        await terminal.CloseAsync();

        Assert.Equal("", await File.ReadAllTextAsync(Path.Combine(terminal.Home, "errors")));
    }
}
