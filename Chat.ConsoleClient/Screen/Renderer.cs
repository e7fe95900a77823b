using System.Globalization;
using System.Text;

namespace Chat.ConsoleClient.Screen;

/// <summary>
/// Writes to a terminal what has changed since the last frame. Where terminals disagree about the width of a cluster, it
/// says after it where the next one belongs and writes the row to its end, so that a row never shifts.
/// </summary>
internal sealed class Renderer(Stream output)
{
    private readonly Lock painting = new();
    private readonly StringBuilder text = new();
    private Frame? last;
    private Style style;

    /// <summary>The terminal is taken, and frames are painted.</summary>
    public bool IsEntered { get; private set; }

    /// <summary>Takes the alternate screen, has pastes marked, and keeps what reaches the margin from wrapping.</summary>
    public void Enter()
    {
        lock (painting)
        {
            (IsEntered, last) = (true, null);
            Send("\u001b[?1049h\u001b[?2004h\u001b[?7l");
        }
    }

    /// <summary>Gives everything back as it was. A signal may do so while a frame is painted; no other follows.</summary>
    public void Leave()
    {
        lock (painting)
        {
            if (!IsEntered)
            {
                return;
            }

            IsEntered = false;
            // The last two: the runtime has switched the cursor keys and the keypad, and does not switch them back.
            Send("\u001b[0m\u001b[?7h\u001b[?2004l\u001b[?25h\u001b[?1049l\u001b[?1l\u001b>");
        }
    }

    /// <summary>Nobody knows what the terminal shows: the next frame is written as a whole.</summary>
    public void Forget()
    {
        lock (painting)
        {
            last = null;
        }
    }

    public void Paint(Frame frame)
    {
        lock (painting)
        {
            if (!IsEntered || !Compose(frame))
            {
                return;
            }

            // Shown at once where the terminal can, and without a wandering cursor.
            Send($"\u001b[?2026h\u001b[?25l{text}\u001b[?25h\u001b[?2026l");
        }
    }

    // False where nothing has changed.
    private bool Compose(Frame frame)
    {
        var before = last is not null && last.Columns == frame.Columns && last.Rows.Count == frame.Rows.Count ? last : null;
        (last, style) = (frame, default);
        text.Clear();
        if (before is null)
        {
            text.Append("\u001b[0m\u001b[2J");
        }

        var blank = before is null ? Frame.BlankRow(frame.Columns) : [];
        for (var row = 0; row < frame.Rows.Count; row++)
        {
            PaintRow(row, before?.Rows[row] ?? blank, frame.Rows[row]);
        }

        var cursorStays = (before?.CursorRow, before?.CursorColumn) == (frame.CursorRow, frame.CursorColumn);
        if (text.Length == 0 && cursorStays)
        {
            return false;
        }

        Use(default);
        MoveTo(frame.CursorRow, frame.CursorColumn);
        return true;
    }

    private void PaintRow(int row, Cell[] before, Cell[] now)
    {
        var first = before.AsSpan().CommonPrefixLength(now);
        if (first == now.Length)
        {
            return;
        }

        while (now[first].Text.Length == 0 || before[first].Text.Length == 0)
        {
            first--;
        }

        var end = EndOfChange(before, now, first);
        var blankFrom = now.Length;
        while (blankFrom > 0 && now[blankFrom - 1] == Cell.Blank)
        {
            blankFrom--;
        }

        MoveTo(row, first);
        for (var column = first; column < end;)
        {
            if (column >= blankFrom)
            {
                Use(default);
                text.Append("\u001b[K");
                return;
            }

            column = PaintCell(now, column);
        }
    }

    private int PaintCell(Cell[] row, int column)
    {
        var cluster = row[column].Text;
        var next = column + 1;
        while (next < row.Length && row[next].Text.Length == 0)
        {
            next++;
        }

        Use(row[column].Style);
        if (!CellWidth.IsCertain(cluster))
        {
            // A terminal that takes one cell for what has two would leave the other as it was.
            var isWide = next > column + 1;
            if (isWide)
            {
                text.Append(' ', next - column);
            }

            // One that joins marks to what it has printed last joins nothing over a movement.
            if (isWide || cluster[0] > '~')
            {
                MoveTo(column);
            }
        }

        text.Append(cluster);
        if (next < row.Length && !CellWidth.IsCertain(cluster))
        {
            MoveTo(next);
        }

        return next;
    }

    private static int EndOfChange(Cell[] before, Cell[] now, int first)
    {
        for (var column = first; column < now.Length; column++)
        {
            if (IsUncertain(before[column]) || IsUncertain(now[column]))
            {
                return now.Length;
            }
        }

        var end = now.Length;
        while (end > first && before[end - 1] == now[end - 1])
        {
            end--;
        }

        while (end < now.Length && (now[end].Text.Length == 0 || before[end].Text.Length == 0))
        {
            end++;
        }

        return end;
    }

    private static bool IsUncertain(Cell cell) => cell.Text.Length > 0 && !CellWidth.IsCertain(cell.Text);

    private void Use(Style wanted)
    {
        if (wanted == style)
        {
            return;
        }

        wanted.Write(text);
        style = wanted;
    }

    private void MoveTo(int row, int column) => text.Append(CultureInfo.InvariantCulture, $"\u001b[{row + 1};{column + 1}H");

    private void MoveTo(int column) => text.Append(CultureInfo.InvariantCulture, $"\u001b[{column + 1}G");

    private void Send(string sequences)
    {
        try
        {
            output.Write(Encoding.UTF8.GetBytes(sequences));
            output.Flush();
        }
        catch (IOException)
        {
            // The terminal was closed. The end of the keys says so, too, and a signal does.
        }
    }
}
