namespace GrpcChat.ConsoleClient.Screen;

/// <summary>A cell of the screen: a cluster. The second cell of a wide cluster has no text.</summary>
internal readonly record struct Cell(string Text, Style Style)
{
    public static Cell Blank { get; } = new(" ", default);
}

/// <summary>The whole screen at one moment: rows of cells, each as wide as the terminal, and the cursor.</summary>
internal sealed class Frame(int columns, IReadOnlyList<Cell[]> rows, int cursorRow, int cursorColumn)
{
    public int Columns { get; } = columns;

    public IReadOnlyList<Cell[]> Rows { get; } = rows;

    public int CursorRow { get; } = cursorRow;

    public int CursorColumn { get; } = cursorColumn;

    public static Frame CreateEmpty(int columns, int rows) =>
        new(columns, [.. Enumerable.Repeat(CreateBlankRow(columns), rows)], 0, 0);

    public static Cell[] CreateBlankRow(int columns)
    {
        var row = new Cell[columns];
        Array.Fill(row, Cell.Blank);
        return row;
    }
}
