using System.Diagnostics;
using System.Text;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary>The input of the interactive client in a real terminal while many messages arrive.</summary>
public sealed class TerminalFloodTests
{
    [Fact]
    public async Task A_resize_and_a_flood_do_not_change_a_half_typed_line()
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
            last.FindTexts("flood   "));
        await ann.PressAsync("Enter");
        await ann.UntilAsync(screen => screen.Shows("✓ half a line") && screen.Input == "");
        Assert.Equal([Half], await ReadStoredAsync(server, afterId: 10_000));
    }

    [Fact]
    public async Task Every_key_pressed_during_a_flood_is_in_the_line_in_order()
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

    // The screen does not show spaces at the ends of rows.
    private static bool IsTyped(TerminalScreen screen, string text) =>
        screen.Input?.Replace(" ", "", StringComparison.Ordinal) == text.Replace(" ", "", StringComparison.Ordinal);

    private static async Task FloodAsync(ChatServer server, int count)
    {
        var lines = string.Join('\n', Enumerable.Range(1, count).Select(n => $"line {n}"));
        var sent = await ClientProcess.RunAsync(
            ["send", "--address", $"{server.Address}", "--user", "flood"], Encoding.UTF8.GetBytes(lines));
        Assert.Equal((0, ""), (sent.ExitCode, string.Join('\n', sent.Errors)));
    }

    private static async Task<string[]> ReadStoredAsync(ChatServer server, long afterId = 0)
    {
        var page = await server.Client("reader").ListMessagesAsync(new ListMessagesRequest { Room = "lobby", AfterId = afterId });
        return [.. page.Messages.Select(message => message.Text)];
    }
}
