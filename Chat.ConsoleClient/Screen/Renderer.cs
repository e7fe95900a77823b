using System.Globalization;
using System.Text;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Writes to a terminal what has changed since the last frame. After a cluster about whose width terminals disagree, it
/// moves the cursor to the next one explicitly, and writes the row to its end, so that a row never shifts.
/// </summary>
internal sealed class Renderer(Stream output)
{
    private readonly Lock painting = new();
    private readonly StringBuilder text = new();
    private Frame? last;
    private Style style;

    /// <summary>The terminal is in use, and frames are painted.</summary>
    public bool IsEntered { get; private set; }

    /// <summary>
    /// Switches to the alternate screen, has pastes marked, and switches wrapping at the margin off. A terminal that
    /// reorders right-to-left text must not begin rows on the right because of it (mode 2501, which is saved).
    /// </summary>
    public void Enter()
    {
        lock (painting)
        {
            (IsEntered, last) = (true, null);
            Send("\u001b[?1049h\u001b[?2004h\u001b[?7l\u001b[?2501s\u001b[?2501l");
        }
    }

    /// <summary>Restores the terminal. A signal may do so while a frame is painted; no other frame follows.</summary>
    public void Leave()
    {
        lock (painting)
        {
            if (!IsEntered)
            {
                return;
            }

            IsEntered = false;
            // The last two sequences are for the cursor keys and the keypad, which the runtime has switched and leaves
            // so.
            Send("\u001b[0m\u001b[?2501r\u001b[?7h\u001b[?2004l\u001b[?25h\u001b[?1049l\u001b[?1l\u001b>");
        }
    }

    /// <summary>The content of the terminal is unknown: the next frame is written as a whole.</summary>
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

            // As one synchronized update if the terminal supports it, and without a moving cursor.
            Send($"\u001b[?2026h\u001b[?25l{text}\u001b[?25h\u001b[?2026l");
        }
    }

    // False if nothing has changed.
    private bool Compose(Frame frame)
    {
        var before = last is not null && last.Columns == frame.Columns && last.Rows.Count == frame.Rows.Count ? last : null;
        (last, style) = (frame, default);
        text.Clear();
        if (before is null)
        {
            text.Append("\u001b[0m\u001b[2J");
        }

        var blank = before is null ? Frame.CreateBlankRow(frame.Columns) : [];
        for (var row = 0; row < frame.Rows.Count; row++)
        {
            PaintRow(row, before?.Rows[row] ?? blank, frame.Rows[row]);
        }

        var cursorStays = (before?.CursorRow, before?.CursorColumn) == (frame.CursorRow, frame.CursorColumn);
        if (text.Length == 0 && cursorStays)
        {
            return false;
        }

        SetStyle(default);
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

        var end = FindEndOfChange(before, now, first);
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
                SetStyle(default);
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

        SetStyle(row[column].Style);
        if (!CellWidth.IsCertain(cluster))
        {
            // A terminal that takes one cell instead of two would leave the other one unchanged.
            var isWide = next > column + 1;
            if (isWide)
            {
                text.Append(' ', next - column);
            }

            // A terminal that joins a mark to the character before it does not do so after a movement.
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

    private static int FindEndOfChange(Cell[] before, Cell[] now, int first)
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

    private void SetStyle(Style wanted)
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
            // The terminal was closed, which also ends the input and raises a signal.
        }
    }
}
