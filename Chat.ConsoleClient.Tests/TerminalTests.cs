using System.Diagnostics;
using System.Text;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary>The interactive client in a real terminal, as a person sees it.</summary>
public sealed class TerminalTests : IDisposable
{
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
    public async Task A_message_typed_while_the_service_is_down_is_pending_and_is_sent_once_after_the_restart()
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

            await ann.UntilAsync(screen => screen.IsConnected && screen.Shows("ann ✓ meanwhile") && !screen.Shows(" ! "));
            await bob.UntilAsync(screen => screen.IsConnected && screen.Shows("ann   meanwhile"));
            await bob.EnterAsync("after");
            await ann.UntilAsync(screen => screen.Shows("bob   after"));
            Assert.Equal(["before", "meanwhile", "after"], await ReadStoredAsync(service));
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_client_that_was_killed_shows_its_unsent_messages_after_a_restart_and_sends_them_once()
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
            await again.UntilAsync(screen => screen.IsConnected && screen.Shows("ann ✓ two") && screen.Shows("ann ✓ three"));
            await again.EnterAsync("four");
            await again.UntilAsync(screen => screen.FindTexts("ann ✓ ") is ["one", "two", "three", "four"]);
            Assert.Equal(["one", "two", "three", "four"], await ReadStoredAsync(service));
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    [Fact]
    public async Task PageUp_scrolls_to_the_oldest_message_and_Esc_to_the_newest()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 400);
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");
        var page = FindNumbers(await ann.UntilAsync(screen => FindNumbers(screen) is [.., 400] page && IsWhole(page)));
        var pages = 0;

        for (; page[0] > 1; pages++)
        {
            var before = page[0];
            await ann.PressAsync("PPage");
            var screen = await ann.UntilAsync(screen => FindNumbers(screen) is { Length: > 1 } numbers && IsWhole(numbers)
                && numbers[0] < before && numbers[^1] >= before - 1 && !screen.Shows("loading"));
            Assert.Contains("↓ Esc", screen.Status, StringComparison.Ordinal);
            page = FindNumbers(screen);
        }

        Assert.InRange(pages, 400 / 24, 400 / 15);
        await server.SendOnceAsync("bob", "lobby", "new", "401 new");
        await ann.UntilAsync(screen => screen.Status.Contains("↓ 1 new", StringComparison.Ordinal) && FindNumbers(screen)[0] == 1);
        await ann.PressAsync("Escape");
        await ann.UntilAsync(screen => FindNumbers(screen) is [.., 401] && !screen.Status.Contains('↓', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rooms_are_joined_listed_counted_and_left_and_Tab_completes_their_names()
    {
        await using var server = await ChatServer.StartAsync();
        await server.SendOnceAsync("bob", "ops", "k1", "the disk is full");
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");

        await ann.TypeAsync("/jo");
        await ann.PressAsync("Tab");
        await ann.UntilAsync(screen => screen.Input == "/join");
        await ann.TypeAsync("o");
        await ann.PressAsync("Tab");
        await ann.UntilAsync(screen => screen.Input == "/join ops");
        await ann.PressAsync("Enter");
        await ann.UntilAsync(screen => screen.Shows("bob   the disk is full")
            && screen.Status.EndsWith("  1 lobby  2 ops", StringComparison.Ordinal));
        await ann.EnterAsync("/rooms");
        await ann.UntilAsync(screen => screen.Shows("1 room:") && screen.Shows("ops  1 message, the newest on "));

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
        await ann.UntilAsync(screen => screen.Shows("/join ROOM") && screen.Shows("✗ refused"));
        await ann.EnterAsync("/leave");
        await ann.UntilAsync(screen => screen.Shows("you have left lobby"));
        await ann.EnterAsync("to nobody");
        await ann.UntilAsync(screen => screen.Shows("not sent: you are not in lobby") && screen.Input == "to nobody");
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
        Assert.Equal(["short"], await ReadStoredAsync(service));
    }

    [Fact]
    public async Task Pasted_lines_wait_for_Enter_and_become_several_messages()
    {
        await using var server = await ChatServer.StartAsync();
        await using var ann = await TmuxTerminal.ChatAsync(server.Address, "ann");

        await ann.PasteAsync("one\n\n/quit\nthree 🦊\n");
        var pasted = await ann.UntilAsync(screen => screen.Input?.EndsWith("three 🦊", StringComparison.Ordinal) == true);
        Assert.False(pasted.Shows("one"));
        await ann.PressAsync("Enter");

        await ann.UntilAsync(screen => screen.Shows("ann ✓ one") && screen.Shows("ann ✓ /quit") && screen.Shows("ann ✓ three 🦊"));
        Assert.Equal(["one", "/quit", "three 🦊"], await ReadStoredAsync(server));
    }

    private static int[] FindNumbers(TerminalScreen screen) =>
        [.. screen.FindTexts("filler   ").Concat(screen.FindTexts("bob   ")).Select(text => int.Parse(text.Split(' ')[0]))];

    // False for a screen that is being painted.
    private static bool IsWhole(int[] numbers) => numbers.SequenceEqual(Enumerable.Range(numbers[0], numbers.Length));

    private static async Task<string[]> ReadStoredAsync(ChatServer server, long afterId = 0)
    {
        var page = await server.Client("reader").ListMessagesAsync(new ListMessagesRequest { Room = "lobby", AfterId = afterId });
        return [.. page.Messages.Select(message => message.Text)];
    }

    private static async Task<string[]> ReadStoredAsync(ServiceProcess service)
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
