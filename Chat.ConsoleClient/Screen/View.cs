namespace Chat.ConsoleClient.Screen;

/// <summary>Composes a frame from the model: the conversation, what is wrong, the status line and the input.</summary>
internal static class View
{
    // A long input takes a third of the screen at most.
    private const int InputShare = 3;

    private static readonly Palette NoColours = new(hasColours: false);

    public static Frame Compose(ScreenModel model, Palette palette)
    {
        var (input, cursorRow, cursorColumn) = Input(model, palette);
        var below = new List<Cell[]>();
        if (StatusRow.Problem(model, palette) is { } problem)
        {
            below.Add(problem);
        }

        below.Add(StatusRow.Of(model, palette));
        below.AddRange(input);
        // The input is the last to go.
        if (below.Count > model.ScreenRows)
        {
            below.RemoveRange(0, below.Count - model.ScreenRows);
        }

        var rows = Conversation(model, palette, model.ScreenRows - below.Count);
        rows.AddRange(below);
        return new(model.Columns, rows, model.ScreenRows - input.Count + cursorRow, cursorColumn);
    }

    /// <summary>How many rows the conversation has.</summary>
    public static int Height(ScreenModel model)
    {
        var input = Input(model, NoColours).Rows.Count;
        return Math.Max(0, model.ScreenRows - input - 1 - (model.Connection.Problem is null ? 0 : 1));
    }

    /// <summary>How many rows an entry of the conversation has.</summary>
    public static int Count(ScreenModel model, LinkedListNode<Entry> node) =>
        Rows(model, NoColours).Count(node.Value, model.Current.Timeline.Above(node)?.Value, Top(model.Current));

    private static (List<Cell[]> Rows, int CursorRow, int CursorColumn) Input(ScreenModel model, Palette palette) =>
        InputRows.Of(model.Input, model.Columns, Math.Max(1, model.ScreenRows / InputShare), palette);

    private static EntryRows Rows(ScreenModel model, Palette palette) => new(new(model.Columns), palette, model.Zone);

    // From the lowest row upwards, no further than the screen reaches: what is above costs nothing.
    private static List<Cell[]> Conversation(ScreenModel model, Palette palette, int height)
    {
        var (timeline, composer, top) = (model.Current.Timeline, Rows(model, palette), Top(model.Current));
        var reversed = new List<Cell[]>();
        var hidden = timeline.Anchor is null ? 0 : timeline.Hidden;
        var node = timeline.Anchor ?? timeline.Newest;
        for (; node is not null && reversed.Count < height; node = timeline.Above(node))
        {
            var rows = composer.Of(node.Value, timeline.Above(node)?.Value, top);
            reversed.AddRange(rows.SkipLast(Math.Min(hidden, rows.Count - 1)).Reverse());
            hidden = 0;
        }

        while (reversed.Count < height)
        {
            reversed.Add(Frame.BlankRow(model.Columns));
        }

        return [.. reversed.Take(height).Reverse()];
    }

    private static string Top(Room room) =>
        room.IsLoading ? "loading older messages…"
        : room.OlderBefore is not null ? "PageUp for older messages"
        : room.LogId.Length > 0 && room.OldestId > 1 ? "older messages are not kept"
        : "";
}
