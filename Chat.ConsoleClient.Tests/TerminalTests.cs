using System.Diagnostics;
using System.Text;
using Chat.TestSupport;
using Chat.V1;
using Xunit;

namespace Chat.ConsoleClient.Tests;

/// <summary>The interactive client in a real terminal, as a person has it before them.</summary>
public sealed class TerminalTests : IDisposable
{
    // What programs switch in a terminal, and tmux tells.
    private const string Modes =
        "alternate #{alternate_on}, cursor #{cursor_flag}, wraps #{wrap_flag}, keypad #{keypad_flag}#{keypad_cursor_flag}";

    private readonly TempDirectory data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task An_own_message_is_pending_until_it_is_stored_and_then_the_other_sees_it()
    {
        var gate = new BatchGate();
        await using var server = await ChatServer.StartAsync(gate.BeforeCommit);
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");
        await using var bob = await TmuxTerminal.ChatAsync(server.Address, "bob");
        var held = gate.HoldNext();
        try
        {
            await ann.EnterAsync("hello");
            await ann.UntilAsync(screen => screen.Shows("ann … hello") && screen.Status.EndsWith("1 unsent", StringComparison.Ordinal));
            await held.ReachedAsync();
            Assert.False((await bob.LookAsync()).Shows("hello"));
        }
        finally
        {
            gate.Open();
        }

        await ann.UntilAsync(screen => screen.Shows("ann ✓ hello") && !screen.Status.Contains("unsent", StringComparison.Ordinal));
        await bob.UntilAsync(screen => screen.Shows("ann   hello"));
        await bob.EnterAsync("hello, ann");
        await bob.UntilAsync(screen => screen.Shows("bob ✓ hello, ann"));
        var last = await ann.UntilAsync(screen => screen.Shows("bob   hello, ann"));
        Assert.Equal("", last.Input);
    }

    [Fact]
    public async Task What_is_typed_while_the_killed_service_is_away_is_pending_and_is_sent_once_when_it_is_back()
    {
        var service = await ServiceProcess.StartAsync(data.Path);
        try
        {
            await using var ann = await TmuxTerminal.ChatAsync(service.Address, "ann");
            await using var bob = await TmuxTerminal.ChatAsync(service.Address, "bob");
            await ann.EnterAsync("before");
            await bob.UntilAsync(screen => screen.Shows("ann   before"));
            await service.KillAsync();
            await ann.UntilAsync(screen => screen.Status.StartsWith(" ○ no connection ", StringComparison.Ordinal));
            await bob.UntilAsync(screen => screen.Status.StartsWith(" ○ no connection ", StringComparison.Ordinal));
            await ann.EnterAsync("meanwhile");
            await ann.UntilAsync(screen => screen.Shows("ann … meanwhile") && screen.Shows(" ! "));

            await service.DisposeAsync();
            service = await ServiceProcess.StartAsync(data.Path, service.Address.Authority);

            await ann.UntilAsync(screen => IsConnected(screen) && screen.Shows("ann ✓ meanwhile") && !screen.Shows(" ! "));
            await bob.UntilAsync(screen => IsConnected(screen) && screen.Shows("ann   meanwhile"));
            await bob.EnterAsync("after");
            await ann.UntilAsync(screen => screen.Shows("bob   after"));
            Assert.Equal(["before", "meanwhile", "after"], await StoredAsync(service));
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_client_that_was_killed_comes_back_with_what_was_not_sent_and_sends_it_once()
    {
        using var state = new TempDirectory();
        var service = await ServiceProcess.StartAsync(data.Path);
        try
        {
            await using (var ann = await TmuxTerminal.ChatAsync(service.Address, "ann", state.Path))
            {
                await ann.EnterAsync("one");
                await ann.UntilAsync(screen => screen.Shows("ann ✓ one"));
                await service.KillAsync();
                await ann.EnterAsync("two");
                await ann.EnterAsync("three");
                await ann.UntilAsync(screen => screen.Shows("ann … two") && screen.Shows("ann … three"));
                await UntilKeptAsync(state.Path, "three");
                await ann.SignalAsync("KILL");
            }

            await using var again = await TmuxTerminal.OpenAsync(state.Path);
            await again.StartChatAsync(service.Address, "ann");
            await again.UntilAsync(screen => screen.Status.StartsWith(" ○ no connection ", StringComparison.Ordinal)
                && screen.Shows("ann … two") && screen.Shows("ann … three")
                && screen.Status.EndsWith("2 unsent", StringComparison.Ordinal));

            await service.DisposeAsync();
            service = await ServiceProcess.StartAsync(data.Path, service.Address.Authority);
            await again.UntilAsync(screen => IsConnected(screen) && screen.Shows("ann ✓ two") && screen.Shows("ann ✓ three"));
            await again.EnterAsync("four");
            await again.UntilAsync(screen => Texts(screen, "ann ✓ ") is ["one", "two", "three", "four"]);
            Assert.Equal(["one", "two", "three", "four"], await StoredAsync(service));
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_resize_and_a_flood_leave_a_half_typed_line_as_it_is()
    {
        const string Half = "half a line that is not sent yet, and which is longer than the narrow screen is";
        await using var server = await ChatServer.StartAsync();
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");
        await ann.TypeAsync(Half);
        await ann.UntilAsync(screen => IsTyped(screen, Half));
        var flood = FloodAsync(server, 10_000);

        await ann.ResizeAsync(120, 40);
        await ann.UntilAsync(screen => screen.Rows.Length == 40 && IsTyped(screen, Half));
        await ann.ResizeAsync(60, 15);
        await ann.UntilAsync(screen => screen.Rows.Length == 15 && IsTyped(screen, Half));

        await flood;
        var last = await ann.UntilAsync(screen => screen.Conversation[^1].EndsWith("flood   line 10000", StringComparison.Ordinal));
        Assert.True(IsTyped(last, Half), string.Join('\n', last.Rows));
        Assert.Equal(
            Enumerable.Range(10_001 - last.Conversation.Length, last.Conversation.Length).Select(n => $"line {n}"),
            Texts(last, "flood   "));
        await ann.PressAsync("Enter");
        await ann.UntilAsync(screen => screen.Shows("✓ half a line") && screen.Input == "");
        Assert.Equal([Half], await StoredAsync(server, afterId: 10_000));
    }

    [Fact]
    public async Task Every_key_that_is_pressed_during_a_flood_is_in_the_line_in_order()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");
        var (typed, times) = (new StringBuilder(), new List<double>());
        var flood = FloodAsync(server, 50_000);
        await ann.UntilAsync(screen => screen.Shows("flood   line"));

        bool isFlooded;
        do
        {
            var key = (char)('a' + (typed.Length % 26));
            typed.Append(key);
            var pressed = Stopwatch.GetTimestamp();
            await ann.TypeAsync(key.ToString());
            var screen = await ann.UntilAsync(screen => screen.Input?.Length >= typed.Length, TimeSpan.Zero);
            var took = Stopwatch.GetElapsedTime(pressed).TotalMilliseconds;
            Assert.Equal(typed.ToString(), screen.Input);
            isFlooded = !screen.Shows("flood   line 50000");
            if (isFlooded)
            {
                times.Add(took);
            }
        }
        while (isFlooded && typed.Length < 1000);

        await flood;
        times.Sort();
        TestContext.Current.SendDiagnosticMessage(
            times.Count == 0
                ? "no key was pressed during the flood"
                : $"{times.Count} keys during the flood: from a key to its echo, with the look at the screen, "
                    + $"median {times[times.Count / 2]:F0} ms, worst {times[^1]:F0} ms");
        var last = await ann.UntilAsync(screen => screen.Shows("flood   line 50000"));
        Assert.Equal(typed.ToString(), last.Input);
    }

    [Fact]
    public async Task PageUp_goes_back_through_all_that_the_service_keeps_and_Esc_to_the_newest()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 400);
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");
        var page = Numbers(await ann.UntilAsync(screen => Numbers(screen) is [.., 400] page && IsWhole(page)));
        var pages = 0;

        for (; page[0] > 1; pages++)
        {
            var before = page[0];
            await ann.PressAsync("PPage");
            var screen = await ann.UntilAsync(screen => Numbers(screen) is { Length: > 1 } numbers && IsWhole(numbers)
                && numbers[0] < before && numbers[^1] >= before - 1 && !screen.Shows("loading"));
            Assert.Contains("↓ Esc", screen.Status, StringComparison.Ordinal);
            page = Numbers(screen);
        }

        Assert.InRange(pages, 400 / 24, 400 / 15);
        await server.SendOnceAsync("bob", "lobby", "new", "401 new");
        await ann.UntilAsync(screen => screen.Status.Contains("↓ 1 new", StringComparison.Ordinal) && Numbers(screen)[0] == 1);
        await ann.PressAsync("Escape");
        await ann.UntilAsync(screen => Numbers(screen) is [.., 401] && !screen.Status.Contains('↓', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rooms_are_joined_listed_counted_and_left_and_Tab_completes_their_names()
    {
        await using var server = await ChatServer.StartAsync();
        await server.SendOnceAsync("bob", "ops", "k1", "the disk is full");
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");

        await ann.EnterAsync("/rooms");
        await ann.UntilAsync(screen => screen.Shows("1 room:") && screen.Shows("ops  1 message, the last on "));
        await ann.TypeAsync("/jo");
        await ann.PressAsync("Tab");
        await ann.UntilAsync(screen => screen.Input == "/join");
        await ann.TypeAsync("o");
        await ann.PressAsync("Tab");
        await ann.UntilAsync(screen => screen.Input == "/join ops");
        await ann.PressAsync("Enter");
        await ann.UntilAsync(screen => screen.Shows("bob   the disk is full")
            && screen.Status.EndsWith("  1 lobby  2 ops", StringComparison.Ordinal));

        await server.SendOnceAsync("bob", "lobby", "k2", "anybody here?");
        await server.SendOnceAsync("bob", "lobby", "k3", "hello?");
        await ann.UntilAsync(screen => screen.Status.EndsWith("  1 lobby +2  2 ops", StringComparison.Ordinal));
        await ann.PressAsync("M-1");
        await ann.UntilAsync(screen => screen.Shows("bob   hello?")
            && screen.Status.EndsWith("  1 lobby  2 ops", StringComparison.Ordinal));
        await ann.TypeAsync("bo");
        await ann.PressAsync("Tab");
        await ann.UntilAsync(screen => screen.Input == "bob:");
        await ann.EnterAsync("yes");
        await ann.UntilAsync(screen => screen.Shows("ann ✓ bob: yes"));

        await ann.EnterAsync("/leave ops");
        await ann.UntilAsync(screen => screen.Status.EndsWith("  1 lobby", StringComparison.Ordinal));
        await ann.EnterAsync("/help");
        await ann.UntilAsync(screen => screen.Shows("/join ROOM") && screen.Shows("✗ was refused"));
        await ann.EnterAsync("/leave");
        await ann.UntilAsync(screen => screen.Shows("you have left lobby"));
        await ann.EnterAsync("to nobody");
        await ann.UntilAsync(screen => screen.Shows("not sent: /join lobby first") && screen.Input == "to nobody");
    }

    [Fact]
    public async Task A_refused_message_is_marked_with_the_reason_and_the_next_one_is_sent()
    {
        await using var service = await ServiceProcess.StartAsync(data.Path, environment: ("CHAT_MAXTEXTBYTES", "100"));
        await using var ann = await TmuxTerminal.ChatAsync(service.Address, "ann");

        await ann.EnterAsync(new string('x', 101));
        await ann.EnterAsync("short");

        var screen = await ann.UntilAsync(screen => screen.Shows("ann ✓ short"));
        Assert.True(screen.Shows("ann ✗ xxx"), string.Join('\n', screen.Rows));
        Assert.True(screen.Shows("not sent: the text has 101 bytes"), string.Join('\n', screen.Rows));
        Assert.DoesNotContain("unsent", screen.Status, StringComparison.Ordinal);
        Assert.Equal(["short"], await StoredAsync(service));
    }

    [Fact]
    public async Task Several_lines_that_are_pasted_wait_for_Enter_and_become_several_messages()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");

        await ann.PasteAsync("one\n\n/quit\nthree 🦊\n");
        var pasted = await ann.UntilAsync(screen => screen.Input?.EndsWith("three 🦊", StringComparison.Ordinal) == true);
        Assert.False(pasted.Shows("one"));
        await ann.PressAsync("Enter");

        await ann.UntilAsync(screen => screen.Shows("ann ✓ one") && screen.Shows("ann ✓ /quit") && screen.Shows("ann ✓ three 🦊"));
        Assert.Equal(["one", "/quit", "three 🦊"], await StoredAsync(server));
    }

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
    public async Task Nothing_that_others_write_moves_anything_on_the_screen()
    {
        await using var server = await ChatServer.StartAsync();
        var corpus = TerminalTextTests.Corpus.Where(nasty => !nasty.Text.Contains('\0', StringComparison.Ordinal)
            && nasty.Text.EnumerateRunes().All(rune => rune != Rune.ReplacementChar)).ToArray();
        await using var ann = await TmuxTerminal.OpenAsync();
        await ann.ResizeAsync(120, 40);
        var title = await ann.AskAsync("#{pane_title}");
        await ann.StartChatAsync(server.Address, "ann");
        await ann.UntilAsync(IsConnected);
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
    public async Task However_the_client_ends_the_terminal_is_as_it_was(string way)
    {
        await using var server = await ChatServer.StartAsync();
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync("stty -a > before; echo the screen before");
        await terminal.UntilAsync(screen => screen.Rows is [.., "the screen before", "$"]);
        var before = await terminal.AskAsync(Modes);
        await terminal.EnterAsync($"chat --address {server.Address} --user ann; echo \"ended with $?\"");
        await terminal.UntilAsync(IsConnected);
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

    [Fact]
    public async Task A_client_whose_terminal_is_closed_ends_without_a_crash()
    {
        await using var server = await ChatServer.StartAsync();
        await using var terminal = await TmuxTerminal.OpenAsync();
        await terminal.EnterAsync($"chat --address {server.Address} --user ann 2> errors");
        await terminal.UntilAsync(IsConnected);

        await terminal.CloseAsync();

        Assert.Equal("", await File.ReadAllTextAsync(Path.Combine(terminal.Home, "errors")));
    }

    private static bool IsConnected(TerminalScreen screen) => screen.Status.StartsWith(" ● connected ", StringComparison.Ordinal);

    private static string[] Texts(TerminalScreen screen, string after) =>
    [
        .. screen.Conversation.Where(row => row.Contains(after, StringComparison.Ordinal))
            .Select(row => row[(row.IndexOf(after, StringComparison.Ordinal) + after.Length)..]),
    ];

    private static int[] Numbers(TerminalScreen screen) =>
        [.. Texts(screen, "filler   ").Concat(Texts(screen, "bob   ")).Select(text => int.Parse(text.Split(' ')[0]))];

    // A screen that is just being painted is not.
    private static bool IsWhole(int[] numbers) => numbers.SequenceEqual(Enumerable.Range(numbers[0], numbers.Length));

    // The spaces where a row of the input ends are not on the screen.
    private static bool IsTyped(TerminalScreen screen, string text) =>
        screen.Input?.Replace(" ", "", StringComparison.Ordinal) == text.Replace(" ", "", StringComparison.Ordinal);

    private static async Task FloodAsync(ChatServer server, int count)
    {
        var lines = string.Join('\n', Enumerable.Range(1, count).Select(n => $"line {n}"));
        var sent = await ClientProcess.RunAsync(
            ["send", "--address", $"{server.Address}", "--user", "flood"], Encoding.UTF8.GetBytes(lines));
        Assert.Equal((0, ""), (sent.ExitCode, string.Join('\n', sent.Errors)));
    }

    private static async Task<string[]> StoredAsync(ChatServer server, long afterId = 0)
    {
        var page = await server.Client("reader").ListMessagesAsync(new ListMessagesRequest { Room = "lobby", AfterId = afterId });
        return [.. page.Messages.Select(message => message.Text)];
    }

    private static async Task<string[]> StoredAsync(ServiceProcess service)
    {
        var history = await ClientProcess.RunAsync(["history", "--address", $"{service.Address}", "--json"]);
        return [.. history.Output.Select(line => Message.Parser.ParseJson(line).Text)];
    }

    private static async Task UntilKeptAsync(string state, string text)
    {
        var waited = Stopwatch.StartNew();
        while (!Directory.EnumerateFiles(state, "*.state*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))
            .Any(file => Encoding.UTF8.GetString(File.ReadAllBytes(file)).Contains(text, StringComparison.Ordinal)))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, $"{text} is in no state file.");
            await Task.Delay(5);
        }
    }
}
