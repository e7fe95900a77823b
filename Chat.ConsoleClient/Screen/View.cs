namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Composes a frame from the model: the conversation, the current problem, the status line and the input.
/// </summary>
internal static class View
{
    // A long input takes at most a third of the screen.
    private const int InputShare = 3;

    private static readonly Palette NoColours = new(hasColours: false);

    public static Frame Compose(ScreenModel model, Palette palette)
    {
        var (input, cursorRow, cursorColumn) = ComposeInput(model, palette);
        var below = new List<Cell[]>();
        if (StatusRow.ComposeProblem(model, palette) is { } problem)
        {
            below.Add(problem);
        }

        below.Add(StatusRow.Compose(model, palette));
        below.AddRange(input);
        // On a screen that is too small, the input goes last.
        if (below.Count > model.ScreenRows)
        {
            below.RemoveRange(0, below.Count - model.ScreenRows);
        }

        var rows = ComposeConversation(model, palette, model.ScreenRows - below.Count);
        rows.AddRange(below);
        return new(model.Columns, rows, model.ScreenRows - input.Count + cursorRow, cursorColumn);
    }

    /// <summary>The number of rows for the conversation.</summary>
    public static int CountConversationRows(ScreenModel model)
    {
        var input = ComposeInput(model, NoColours).Rows.Count;
        return Math.Max(0, model.ScreenRows - input - 1 - (model.Connection.Problem is null ? 0 : 1));
    }

    /// <summary>The number of rows of an entry.</summary>
    public static int CountRows(ScreenModel model, LinkedListNode<Entry> node) =>
        CreateRows(model, NoColours).Count(node.Value, model.Current.Timeline.GetAbove(node)?.Value, DescribeTop(model.Current));

    private static (List<Cell[]> Rows, int CursorRow, int CursorColumn) ComposeInput(ScreenModel model, Palette palette) =>
        InputRows.Compose(model.Input, model.Columns, Math.Max(1, model.ScreenRows / InputShare), palette);

    private static EntryRows CreateRows(ScreenModel model, Palette palette)
    {
        var room = model.Current;
        var widest = Math.Max(room.Senders.WidestName, Clusters.Measure(model.User));
        return new(new(model.Columns, widest), palette, model.Zone, room.New.First);
    }

    // From the lowest row up to the top of the screen, so that entries above it cost nothing.
    private static List<Cell[]> ComposeConversation(ScreenModel model, Palette palette, int height)
    {
        var (timeline, composer, top) = (model.Current.Timeline, CreateRows(model, palette), DescribeTop(model.Current));
        var reversed = new List<Cell[]>();
        var hidden = timeline.Anchor is null ? 0 : timeline.HiddenRows;
        var node = timeline.Anchor ?? timeline.Newest;
        for (; node is not null && reversed.Count < height; node = timeline.GetAbove(node))
        {
            var rows = composer.Compose(node.Value, timeline.GetAbove(node)?.Value, top);
            reversed.AddRange(rows.SkipLast(Math.Min(hidden, rows.Count - 1)).Reverse());
            hidden = 0;
        }

        while (reversed.Count < height)
        {
            reversed.Add(Frame.CreateBlankRow(model.Columns));
        }

        return [.. reversed.Take(height).Reverse()];
    }

    private static string DescribeTop(Room room) =>
        room.IsLoading ? "loading older messages…"
        : room.OlderBefore is not null ? "PageUp for older messages"
        : room.LogId.Length > 0 && room.OldestId > 1 ? "the service does not keep older messages"
        : "";
}
