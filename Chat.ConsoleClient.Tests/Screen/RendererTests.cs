using System.Text;
using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>The renderer makes the terminal show the frame, and writes no more than necessary.</summary>
public sealed class RendererTests : IDisposable
{
    private static readonly string[] Texts =
    [
        "a", "b", " ", " ", "é", "世", "界", "🦊", "👩‍👩‍👧", "🏳️‍🌈", "❤️", "🇩🇪", "✓", "…", "e\u0301", "z\u0335\u0336\u0337", "कि", "─",
    ];

    private static readonly Style[] Styles =
        [default, default, new(70), new(0, Looks.Bold), new(31, Looks.Dim, 236), new(0, Looks.Reverse | Looks.Bold)];

    private readonly MemoryStream output = new();
    private readonly Renderer renderer;

    public RendererTests()
    {
        renderer = new(output);
        renderer.Enter();
        output.SetLength(0);
    }

    public void Dispose() => output.Dispose();

    [Fact]
    public void An_unchanged_frame_writes_nothing()
    {
        Paint(Of("one", "two"));

        Assert.Equal("", Paint(Of("one", "two")));
    }

    [Fact]
    public void One_changed_letter_writes_that_letter()
    {
        Paint(Of("one two three", "four"));

        Assert.Equal("\u001b[?2026h\u001b[?25l\u001b[1;5HT\u001b[1;1H\u001b[?25h\u001b[?2026l", Paint(Of("one Two three", "four")));
    }

    [Fact]
    public void A_cursor_that_moves_writes_no_cell()
    {
        Paint(Of("one", "two"));

        Assert.Equal(
            "\u001b[?2026h\u001b[?25l\u001b[2;3H\u001b[?25h\u001b[?2026l", Paint(new(20, Of("one", "two").Rows, 1, 2)));
    }

    [Fact]
    public void A_row_that_is_blank_to_its_end_is_erased()
    {
        Paint(Of("a text that ends", "two"));

        Assert.Equal("\u001b[?2026h\u001b[?25l\u001b[1;3H\u001b[K\u001b[1;1H\u001b[?25h\u001b[?2026l", Paint(Of("a", "two")));
    }

    [Fact]
    public void After_a_cluster_of_uncertain_width_the_cursor_moves_explicitly()
    {
        Assert.Contains("  \u001b[1G👩‍👩‍👧\u001b[3Gx", Paint(Of("👩‍👩‍👧x")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_is_written_as_a_whole_when_the_size_has_changed_or_the_screen_is_unknown()
    {
        var whole = Paint(Of("one", "two"));
        renderer.Forget();
        Assert.Equal(whole, Paint(Of("one", "two")));

        Assert.Contains("\u001b[2J", Paint(Of("one", "two", "three")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_terminal_is_restored_once_and_nothing_is_painted_afterwards()
    {
        var terminal = new TerminalEmulator(20, 2);
        terminal.Modes.UnionWith(["?7", "?25", "?2501", "?1", "="]); // The last two are set by the runtime.
        renderer.Leave();
        output.SetLength(0);

        renderer.Enter();
        terminal.Write(Written());
        Assert.Equal(["=", "?1", "?1049", "?2004", "?25"], terminal.Modes.Order(StringComparer.Ordinal));
        terminal.Write(Paint(Of("one", "two")));
        renderer.Leave();
        terminal.Write(Written());

        Assert.Equal(["?25", "?2501", "?7"], terminal.Modes.Order(StringComparer.Ordinal));
        renderer.Leave();
        Assert.Equal("", Written() + Paint(Of("three", "four")));
    }

    [Fact]
    public void After_any_sequence_of_frames_the_terminal_shows_the_last_one()
    {
        var random = new Random(4);
        for (var run = 0; run < 200; run++)
        {
            var (columns, rows) = (random.Next(4, 30), random.Next(2, 6));
            var terminal = new TerminalEmulator(columns, rows);
            renderer.Forget();
            var frame = Random(random, columns, rows);
            for (var step = 0; step < 10; step++)
            {
                frame = random.Next(3) == 0 ? Random(random, columns, rows) : Changed(random, frame);
                terminal.Write(Paint(frame));
                AssertShows(frame, terminal);
            }
        }
    }

    [Theory]
    [InlineData(1)] // A terminal that does not know emoji of several parts and takes them for narrow,
    [InlineData(6)] // and one that shows their parts side by side.
    public void A_terminal_with_different_widths_shows_everything_else_in_its_place(int width)
    {
        var random = new Random(5);
        for (var run = 0; run < 200; run++)
        {
            var terminal = new TerminalEmulator(30, 3, cluster =>
                CellWidth.Measure(cluster) == 0 || CellWidth.IsCertain(cluster) ? CellWidth.Measure(cluster) : width);
            renderer.Forget();
            var frame = Random(random, 30, 3);
            for (var step = 0; step < 10; step++, frame = Changed(random, frame))
            {
                terminal.Write(Paint(frame));
            }

            terminal.Write(Paint(frame));
            for (var row = 0; row < 3; row++)
            {
                for (var column = 0; column < 30; column++)
                {
                    var cell = frame.Rows[row][column];
                    var isCovered = column + 1 < 30 && Follows(frame.Rows[row], column + 1, width);
                    if (CellWidth.IsCertain(cell.Text) && !isCovered)
                    {
                        Assert.Equal(cell, terminal.Rows[row][column]);
                    }
                }
            }
        }

        // At the margin, a cluster of uncertain width may cover the cell before it.
        static bool Follows(Cell[] row, int column, int width) =>
            column + width >= row.Length
            && row.Skip(column).Take(width).Any(cell => cell.Text.Length > 0 && !CellWidth.IsCertain(cell.Text));
    }

    private static void AssertShows(Frame frame, TerminalEmulator terminal)
    {
        Assert.All(frame.Rows.Zip(terminal.Rows), row => Assert.Equal(row.First, row.Second));
        Assert.Equal((frame.CursorRow, frame.CursorColumn), (terminal.Row, terminal.Column));
    }

    private static Frame Of(params string[] rows) =>
        new(20, [.. rows.Select(row => new RowWriter(20).Write(row, default).Row)], 0, 0);

    private static Frame Random(Random random, int columns, int rows) => new(
        columns, [.. Enumerable.Range(0, rows).Select(_ => RandomRow(random, columns))], random.Next(rows), random.Next(columns));

    private static Frame Changed(Random random, Frame frame)
    {
        Cell[][] rows = [.. frame.Rows];
        rows[random.Next(rows.Length)] = RandomRow(random, frame.Columns);
        if (random.Next(2) == 0)
        {
            rows = [.. rows[1..], RandomRow(random, frame.Columns)];
        }

        return new(frame.Columns, rows, random.Next(rows.Length), random.Next(frame.Columns));
    }

    private static Cell[] RandomRow(Random random, int columns)
    {
        var row = new RowWriter(columns);
        for (var i = random.Next(12); i > 0; i--)
        {
            var text = string.Concat(random.GetItems(Texts, random.Next(6)));
            var style = Styles[random.Next(Styles.Length)];
            if (random.Next(2) == 0)
            {
                row.Write(text, style);
            }
            else
            {
                row.WriteUntrusted(text, style, random.Next(1, 12));
            }

            row.MoveTo(row.Column + random.Next(3));
        }

        return row.Row;
    }

    private string Paint(Frame frame)
    {
        output.SetLength(0);
        renderer.Paint(frame);
        return Written();
    }

    private string Written()
    {
        var written = Encoding.UTF8.GetString(output.ToArray());
        output.SetLength(0);
        return written;
    }
}
