using System.Runtime.InteropServices;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Fills a row from left to right. What does not fit is cut off, so no row is wider than the screen. Nothing
/// invisible is written, because it would be copied with the text.
/// </summary>
internal sealed class RowWriter(int columns, Style background = default)
{
    private readonly Cell[] cells = CreateBlank(columns, background);

    // Where right-to-left text has ended that must not change places with what follows; -1 if it has not.
    private int boundary = -1;

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

    /// <summary>Writes text by others. Right-to-left text in it does not reorder what surrounds it.</summary>
    public RowWriter WriteUntrusted(ReadOnlySpan<Cluster> text, Style style)
    {
        var hasRightToLeft = false;
        foreach (var cluster in text)
        {
            if (!Put(cluster, style))
            {
                break;
            }

            hasRightToLeft |= TerminalText.HasRightToLeft(cluster.Text);
        }

        if (hasRightToLeft)
        {
            boundary = Column;
        }

        return this;
    }

    /// <summary>The same for a text that is cut off, with an ellipsis, if it is wider than a number of cells.</summary>
    public RowWriter WriteUntrusted(string text, Style style, int maxWidth)
    {
        var clusters = Clusters.Split(text);
        var (width, available) = (clusters.Sum(cluster => cluster.Width), Math.Min(maxWidth, Left));
        if (width > available)
        {
            while (clusters.Count > 0 && width > available - 1)
            {
                width -= clusters[^1].Width;
                clusters.RemoveAt(clusters.Count - 1);
            }

            if (available > 0)
            {
                clusters.Add(new("…", 1));
            }
        }

        return WriteUntrusted(CollectionsMarshal.AsSpan(clusters), style);
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
        PutBoundary();
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

    // In the gap before what follows; if there is none, it takes a cell.
    private void PutBoundary()
    {
        if (boundary < 0 || boundary >= cells.Length)
        {
            return;
        }

        cells[boundary] = cells[boundary] with { Text = TerminalText.DirectedSpace };
        Column = Math.Max(Column, boundary + 1);
        boundary = -1;
    }
}
