using System.Diagnostics;
using System.Globalization;
using System.Text;
using GrpcChat.Client;
using GrpcChat.ConsoleClient.Screen;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>Text by others, wherever it is shown, neither controls the terminal nor breaks a row.</summary>
public sealed class NastyTextTests
{
    private static readonly string[] Corpus =
    [
        .. TerminalTextTests.Corpus.Select(nasty => nasty.Text),
        "z" + new string('\u0335', 1000),
        new string('\u0301', 1000),
        new string('\u200b', 1000),
        new string('\u200d', 1000),
        "👩" + string.Concat(Enumerable.Repeat("\u200d👩", 1000)),
        string.Concat(Enumerable.Repeat("🇩", 999)),
        new string('x', 16_384),
        new string('世', 5_000),
        new string('ﷺ', 500),
        string.Concat(Enumerable.Repeat("क्षि", 500)),
        "\u0600\u06001",
        "\u115f\u3164\uffa0",
        "שלום מרחבא, abc 123",
        "a\u034f\u180e\u2060\ufeff\ufff9b\ufffa\ufffbc",
        "🏴\U000e0067\U000e0062\U000e007f",
        "❤\ufe0e❤\ufe0f#\ufe0f\u20e3",
        "",
        "   ",
    ];

    [Fact]
    public void No_text_controls_the_terminal_or_breaks_a_row_in_any_place()
    {
        foreach (var (columns, rows) in new[] { (80, 24), (120, 40), (37, 9), (12, 5), (4, 2), (1, 1) })
        {
            Assert.All(Corpus, text => AssertHarmless(Everywhere(text, columns, rows)));
        }
    }

    [Fact]
    public void No_mixture_of_harmful_parts_gets_through()
    {
        string[] parts =
        [
            "a", " ", "\n", "\r", "\u001b[2J", "\u009b", "\u202e", "\u2066", "\u2069", "\u2068", "\ud83e", "\udd8a", "\U000e0041", "\u0301", "\u200d",
            "👩", "🇩", "世", "\ufe0f", "\u20e3", "\u1112", "\u1161", "\u0e33", "\u093f", "\u0600", "\t", "\u2028", "שלום",
        ];
        var random = new Random(6);
        for (var i = 0; i < 300; i++)
        {
            var text = string.Concat(random.GetItems(parts, random.Next(1, 30)));
            AssertHarmless(Everywhere(text, random.Next(4, 60), random.Next(2, 20)));
        }
    }

    [Theory]
    [InlineData("דנה", "שלום, 12:30!")]
    [InlineData("דנה", "12:30 שלום abc")]
    [InlineData("דנה", "(٣) 1+1")]
    [InlineData("alice", "שלום abc 3 מרחבא")]
    [InlineData("مرحبا alice", "- hello, שלום")]
    [InlineData("a very long name that is cut off דנה", "1 שלום")]
    [InlineData("דנה-a-very-long-name-that-is-cut-off", "1 שלום")]
    public void A_terminal_that_reorders_right_to_left_text_leaves_name_mark_and_text_in_their_columns(string name, string text)
    {
        var screen = new TestScreen().Receive(1, string.Join(' ', Enumerable.Repeat(text, 30)), name).Join(name, 1);
        screen.Press(Key.Alt('1')).Send(text, "l").Receive(2, text, room: name);
        var layout = new Layout(80, Clusters.Measure(name));

        foreach (var row in screen.Frame.Rows)
        {
            var places = BidiOrder.Of([.. row.Select(cell => cell.Text)]);
            var isStatus = row[1].Text == "●";
            var end = isStatus ? Array.FindIndex(row, cell => cell.Text == "+") : layout.Text;
            Assert.All(places[end..], place => Assert.InRange(place, end, 79));
            if (!isStatus)
            {
                Assert.All(places[layout.Mark..end], place => Assert.InRange(place, layout.Mark, end - 1));
            }
        }
    }

    [Fact]
    public void Nothing_invisible_is_on_the_screen_to_be_copied()
    {
        var screen = new TestScreen();
        screen.Receive(1, string.Join(' ', Enumerable.Repeat("שלום", 40)), "דנה").Receive(2, "Grüße, 世界 🦊", "Zoë");
        screen.Send("مرحبا", "k").Type("שלום");
        var shown = string.Concat(screen.Frame.Rows.SelectMany(row => row).Select(cell => cell.Text));

        Assert.DoesNotContain(shown.EnumerateRunes(), rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format);
        Assert.Contains(screen.Shown, row => row.EndsWith("Zoë   Grüße, 世界 🦊", StringComparison.Ordinal));
        Assert.Contains(screen.Shown, row => row.EndsWith("דנה⠀  שלום", StringComparison.Ordinal) || row.Contains("דנה⠀  שלום ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_longest_texts_do_not_stop_the_screen()
    {
        var screen = new TestScreen(120, 40);
        for (var id = 1; id <= 50; id++)
        {
            screen.Receive(id, Corpus[id % Corpus.Length] + new string('x', 16_000));
        }

        _ = screen.Frame;
        var begun = Stopwatch.GetTimestamp();
        _ = screen.Frame;

        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    private static TestScreen Everywhere(string text, int columns, int rows)
    {
        var screen = new TestScreen(columns, rows);
        screen.Join(text + "room").Receive(1, text, room: text + "room").Press(Key.Alt('1'));
        screen.Receive(1, text, text).Receive(2, "sender", text).Receive(3, text);
        screen.Send("mine", "k").Take(new MessageRefused("lobby", "k", "mine", RefusalReason.Invalid, text));
        screen.Take(new StateWriteFailed(text)).Take(new ConnectionChanged(ConnectionState.Waiting, new(ProblemKind.Broken, text, null)));
        screen.Events.Handle([new(text, 1, TestScreen.Now)], isForUser: true);
        screen.Events.Handle(new PendingMessage("lobby", "w", text));
        screen.Press(Key.Pasted(text.Length < 100 ? text : text[..100]));
        screen.Press(KeyName.PageUp);
        return screen;
    }

    private static void AssertHarmless(TestScreen screen)
    {
        var (columns, rows) = (screen.Model.Columns, screen.Model.ScreenRows);
        var terminal = new TerminalEmulator(columns, rows);
        using var output = new MemoryStream();
        var renderer = new Renderer(output);
        renderer.Enter();
        foreach (var key in new[] { KeyName.PageUp, KeyName.Escape, KeyName.Home, KeyName.End })
        {
            var frame = screen.Press(key).Frame;
            Assert.Equal(rows, frame.Rows.Count);
            Assert.All(frame.Rows, row => AssertFits(row, columns));
            output.SetLength(key == KeyName.PageUp ? output.Length : 0);
            renderer.Paint(frame);
            var written = Encoding.UTF8.GetString(output.ToArray());
            terminal.Write(written); // Throws at a sequence that is not the renderer's.
            Assert.All(frame.Rows.Zip(terminal.Rows), row => Assert.Equal(row.First, row.Second));
        }
    }

    // As many cells as columns, and each cluster as wide as its cells.
    private static void AssertFits(Cell[] row, int columns)
    {
        Assert.Equal(columns, row.Length);
        for (var column = 0; column < columns;)
        {
            var width = Math.Max(1, CellWidth.Measure(row[column].Text));
            Assert.True(column + width <= columns);
            Assert.All(row[(column + 1)..(column + width)], cell => Assert.Equal("", cell.Text));
            column += width;
        }
    }
}
