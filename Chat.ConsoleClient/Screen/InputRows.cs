namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Composes the rows of the input; if not all fit, those around the cursor.</summary>
internal sealed class InputRows
{
    private const string Prompt = "› ";
    private readonly List<RowWriter> rows = [];
    private readonly int columns;
    private readonly Palette palette;

    private InputRows(int columns, Palette palette) => (this.columns, this.palette) = (columns, palette);

    /// <summary>Returns the rows, and the cursor's place in them.</summary>
    public static (List<Cell[]> Rows, int CursorRow, int CursorColumn) Compose(
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
            next = TextSteps.FindNext(text, at);
            if (text[at] == '\n')
            {
                if (at == cursor)
                {
                    place = GetPlace();
                }

                Begin(Prompt);
                continue;
            }

            var clusters = Clusters.Split(text[at..next]);
            // The cursor needs a cell, too.
            if (clusters.Count > 0 && clusters[0].Width > rows[^1].Left - 1)
            {
                Begin("  ");
            }

            if (at == cursor)
            {
                place = GetPlace();
            }

            foreach (var cluster in clusters)
            {
                if (cluster.Width > rows[^1].Left - 1)
                {
                    Begin("  ");
                }

                rows[^1].Write(cluster.Text, palette.Plain);
            }
        }

        return place ?? GetPlace();
    }

    private void Begin(string prompt) => rows.Add(new RowWriter(columns).Write(prompt, palette.Prompt));

    private (int Row, int Column) GetPlace() => (rows.Count - 1, rows[^1].Column);
}
