using System.Runtime.InteropServices;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Fills a row from left to right. What does not fit is cut off, so no row is wider than the screen.</summary>
internal sealed class RowWriter(int columns, Style background = default)
{
    private const char BeginIsolate = '\u2068', EndIsolate = '\u2069'; // FSI and PDI.
    private readonly Cell[] cells = CreateBlank(columns, background);

    public int Column { get; private set; }

    public int Left => cells.Length - Column;

    public Cell[] Row => cells;

    /// <summary>Writes text of this program.</summary>
    public RowWriter Write(string text, Style style)
    {
        foreach (var cluster in Clusters.Split(text))
        {
            Put(cluster, style);
        }

        return this;
    }

    /// <summary>
    /// Writes text by others. It is isolated, so that right-to-left text does not reorder what surrounds it.
    /// </summary>
    public RowWriter WriteUntrusted(ReadOnlySpan<Cluster> text, Style style)
    {
        if (Column == 0)
        {
            Column++; // The isolate begins in the cell before it.
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

        // ASCII runs from left to right and needs no isolate, which would be copied with the text.
        if (last < 0 || !hasDirection)
        {
            return this;
        }

        while (cells[before].Text.Length == 0)
        {
            before--;
        }

        cells[before] = cells[before] with { Text = cells[before].Text + BeginIsolate };
        cells[last] = cells[last] with { Text = cells[last].Text + EndIsolate };
        return this;
    }

    /// <summary>The same for a text that is cut off, with an ellipsis, if it is wider than a number of cells.</summary>
    public RowWriter WriteUntrusted(string text, Style style, int maxWidth)
    {
        var clusters = Clusters.Split(text);
        var width = clusters.Sum(cluster => cluster.Width);
        if (width <= Math.Min(maxWidth, Left))
        {
            return WriteUntrusted(CollectionsMarshal.AsSpan(clusters), style);
        }

        while (clusters.Count > 0 && width > Math.Min(maxWidth, Left) - 1)
        {
            width -= clusters[^1].Width;
            clusters.RemoveAt(clusters.Count - 1);
        }

        return WriteUntrusted(CollectionsMarshal.AsSpan(clusters), style).Write(Left > 0 && maxWidth > 0 ? "…" : "", style);
    }

    public RowWriter MoveTo(int column)
    {
        Column = Math.Clamp(column, Column, cells.Length);
        return this;
    }

    private static Cell[] CreateBlank(int columns, Style background)
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
