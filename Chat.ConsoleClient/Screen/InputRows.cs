namespace Chat.ConsoleClient.Screen;

/// <summary>Composes the rows of the text that is being written, those around the cursor where not all fit.</summary>
internal sealed class InputRows
{
    private const string Prompt = "› ";
    private readonly List<RowWriter> rows = [];
    private readonly int columns;
    private readonly Palette palette;

    private InputRows(int columns, Palette palette) => (this.columns, this.palette) = (columns, palette);

    /// <summary>The rows, and where among them the cursor stands.</summary>
    public static (List<Cell[]> Rows, int CursorRow, int CursorColumn) Of(
        LineEditor editor, int columns, int maxRows, Palette palette)
    {
        var input = new InputRows(columns, palette);
        var cursor = input.Fill(editor.Text, editor.Cursor);
        var first = Math.Clamp(cursor.Row - maxRows + 1, 0, Math.Max(0, input.rows.Count - maxRows));
        var shown = input.rows.Skip(first).Take(maxRows).Select(row => row.Row).ToList();
        return (shown, cursor.Row - first, Math.Min(cursor.Column, columns - 1));
    }

    private (int Row, int Column) Fill(string text, int cursor)
    {
        Begin(Prompt);
        (int, int)? place = null;
        for (var (at, next) = (0, 0); at < text.Length; at = next)
        {
            next = TextSteps.Next(text, at);
            if (text[at] == '\n')
            {
                if (at == cursor)
                {
                    place = Place();
                }

                Begin(Prompt);
                continue;
            }

            var clusters = Clusters.Of(text[at..next]);
            // The cursor needs a cell after the text.
            if (clusters.Count > 0 && clusters[0].Width > rows[^1].Left - 1)
            {
                Begin("  ");
            }

            if (at == cursor)
            {
                place = Place();
            }

            foreach (var cluster in clusters)
            {
                if (cluster.Width > rows[^1].Left - 1)
                {
                    Begin("  ");
                }

                rows[^1].Own(cluster.Text, palette.Plain);
            }
        }

        return place ?? Place();
    }

    private void Begin(string prompt) => rows.Add(new RowWriter(columns).Own(prompt, palette.Prompt));

    private (int Row, int Column) Place() => (rows.Count - 1, rows[^1].Column);
}
