namespace Chat.ConsoleClient.Screen;

/// <summary>Composes a frame from the model: the conversation, what is wrong, the status line and the input.</summary>
internal static class View
{
    // A long input takes a third of the screen at most.
    private const int InputShare = 3;

    private static readonly Palette NoColours = new(hasColours: false);

    public static Frame Compose(ScreenModel model, Palette palette)
    {
        var maxInput = Math.Max(1, model.ScreenRows / InputShare);
        var (input, cursorRow, cursorColumn) = InputRows.Of(model.Input, model.Columns, maxInput, palette);
        var below = new List<Cell[]>();
        if (StatusRow.Problem(model, palette) is { } problem) below.Add(problem);
        below.Add(StatusRow.Of(model, palette));
        below.AddRange(input);
        if (below.Count > model.ScreenRows) below.RemoveRange(0, below.Count - model.ScreenRows); // The input is the last to go.
        var rows = Conversation(model, palette, model.ScreenRows - below.Count);
        rows.AddRange(below);
        return new(model.Columns, rows, model.ScreenRows - input.Count + cursorRow, cursorColumn);
    }

    /// <summary>How many rows the conversation has.</summary>
    public static int Height(ScreenModel model)
    {
        var input = InputRows.Of(model.Input, model.Columns, Math.Max(1, model.ScreenRows / InputShare), NoColours).Rows.Count;
        return Math.Max(0, model.ScreenRows - input - 1 - (model.Connection.Problem is null ? 0 : 1));
    }

    /// <summary>How many rows an entry of the conversation has.</summary>
    public static int Count(ScreenModel model, LinkedListNode<Entry> node) =>
        Rows(model, NoColours).Count(node.Value, model.Current.Timeline.Above(node)?.Value, Top(model.Current));

    private static EntryRows Rows(ScreenModel model, Palette palette) => new(new(model.Columns), palette, model.Zone);

    // From the lowest row upwards, no further than the screen reaches: what is above costs nothing.
    private static List<Cell[]> Conversation(ScreenModel model, Palette palette, int height)
    {
        var (timeline, composer, top) = (model.Current.Timeline, Rows(model, palette), Top(model.Current));
        var reversed = new List<Cell[]>();
        var hidden = timeline.Anchor is null ? 0 : timeline.Hidden;
        for (var node = timeline.Anchor ?? timeline.Newest; node is not null && reversed.Count < height; node = timeline.Above(node))
        {
            var rows = composer.Of(node.Value, timeline.Above(node)?.Value, top);
            for (var i = rows.Count - 1 - Math.Min(hidden, rows.Count - 1); i >= 0 && reversed.Count < height; i--) reversed.Add(rows[i]);
            hidden = 0;
        }

        while (reversed.Count < height) reversed.Add(Frame.BlankRow(model.Columns));
        reversed.Reverse();
        return reversed;
    }

    private static string Top(Room room) =>
        room.IsLoading ? "loading older messages…"
        : room.OlderBefore is not null ? "PageUp for older messages"
        : room.LogId.Length > 0 && room.OldestId > 1 ? "older messages are not kept"
        : "";
}
