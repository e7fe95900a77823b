namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Moves the view over a timeline by rows of the screen. New messages do not move it.</summary>
/// <param name="timeline">The timeline.</param>
/// <param name="count">Counts the rows of an entry.</param>
internal readonly struct Scrolling(Timeline timeline, Func<LinkedListNode<Entry>, int> count)
{
    /// <summary>Scrolls up. Returns how many rows are missing above; then the screen shows the top.</summary>
    public int Up(int rows, int height)
    {
        var node = timeline.Anchor ?? timeline.Newest;
        if (node is null)
        {
            return rows;
        }

        var (hidden, size) = (CountHidden(node) + rows, count(node));
        while (hidden >= size && timeline.GetAbove(node) is { } next)
        {
            hidden -= size;
            (node, size) = (next, count(next));
        }

        var available = size - hidden;
        for (var above = timeline.GetAbove(node); above is not null && available < height; above = timeline.GetAbove(above))
        {
            available += count(above);
        }

        (timeline.Anchor, timeline.HiddenRows) = (node, hidden);
        var missing = Math.Max(0, height - available);
        Down(missing);
        return Math.Min(missing, rows);
    }

    /// <summary>Scrolls down; from the newest entry on, the view follows it. True if a hole was reached.</summary>
    public bool Down(int rows)
    {
        if (timeline.Anchor is not { } node)
        {
            return false;
        }

        var hidden = timeline.HiddenRows - rows;
        while (hidden < 0 && timeline.GetBelow(node) is { } below)
        {
            hidden += count(below);
            node = below;
        }

        var isBeforeHole = hidden <= 0 && timeline.IsBeforeHole(node);
        (timeline.Anchor, timeline.HiddenRows) = (node, Math.Max(0, hidden));
        if (hidden <= 0 && node == timeline.Newest)
        {
            timeline.Anchor = null;
        }

        return isBeforeHole;
    }

    private int CountHidden(LinkedListNode<Entry> node) =>
        timeline.Anchor is null ? 0 : Math.Min(timeline.HiddenRows, count(node) - 1);
}
