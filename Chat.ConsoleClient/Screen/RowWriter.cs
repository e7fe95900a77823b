using System.Runtime.InteropServices;

namespace Chat.ConsoleClient.Screen;

/// <summary>Fills one row from left to right. What does not fit is cut: no row is wider than the screen.</summary>
internal sealed class RowWriter(int columns, Style background = default)
{
    private const char BeginIsland = '\u2068', EndIsland = '\u2069'; // FSI and PDI.
    private readonly Cell[] cells = Blank(columns, background);

    public int Column { get; private set; }

    public int Left => cells.Length - Column;

    public Cell[] Row => cells;

    /// <summary>What this program says.</summary>
    public RowWriter Own(string text, Style style)
    {
        foreach (var cluster in Clusters.Of(text))
        {
            Put(cluster, style);
        }

        return this;
    }

    /// <summary>What somebody else wrote: an island, so that its direction stays within it.</summary>
    public RowWriter Foreign(ReadOnlySpan<Cluster> text, Style style)
    {
        if (Column == 0)
        {
            Column++; // The island begins in the cell before it.
        }

        var (before, last, hasDirection) = (Column - 1, -1, false);
        foreach (var cluster in text)
        {
            var at = Column;
            if (!Put(cluster, style))
            {
                break;
            }

            last = at;
            hasDirection |= !System.Text.Ascii.IsValid(cluster.Text);
        }

        // What is only ASCII runs from left to right, and is copied as it looks.
        if (last < 0 || !hasDirection)
        {
            return this;
        }

        while (cells[before].Text.Length == 0)
        {
            before--;
        }

        cells[before] = cells[before] with { Text = cells[before].Text + BeginIsland };
        cells[last] = cells[last] with { Text = cells[last].Text + EndIsland };
        return this;
    }

    /// <summary>The same for a text that may be cut to a number of cells, which is then shown by an ellipsis.</summary>
    public RowWriter Foreign(string text, Style style, int maxWidth)
    {
        var clusters = Clusters.Of(text);
        var width = clusters.Sum(cluster => cluster.Width);
        if (width <= Math.Min(maxWidth, Left))
        {
            return Foreign(CollectionsMarshal.AsSpan(clusters), style);
        }

        while (clusters.Count > 0 && width > Math.Min(maxWidth, Left) - 1)
        {
            width -= clusters[^1].Width;
            clusters.RemoveAt(clusters.Count - 1);
        }

        return Foreign(CollectionsMarshal.AsSpan(clusters), style).Own(Left > 0 && maxWidth > 0 ? "…" : "", style);
    }

    public RowWriter MoveTo(int column)
    {
        Column = Math.Clamp(column, Column, cells.Length);
        return this;
    }

    private static Cell[] Blank(int columns, Style background)
    {
        var row = new Cell[columns];
        Array.Fill(row, new(" ", background));
        return row;
    }

    private bool Put(Cluster cluster, Style style)
    {
        if (cluster.Width > Left)
        {
            return false;
        }

        cells[Column] = new(cluster.Text, style);
        for (var i = 1; i < cluster.Width; i++)
        {
            cells[Column + i] = new("", style);
        }

        Column += cluster.Width;
        return true;
    }
}
