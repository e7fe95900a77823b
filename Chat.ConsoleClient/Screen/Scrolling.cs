namespace Chat.ConsoleClient.Screen;

/// <summary>Moves the view over a timeline by rows of the screen. What arrives meanwhile does not move it.</summary>
/// <param name="timeline">What is looked at.</param>
/// <param name="count">How many rows an entry takes.</param>
internal readonly struct Scrolling(Timeline timeline, Func<LinkedListNode<Entry>, int> count)
{
    /// <summary>Up by a number of rows. Returns how many there were too few, with the screen full to its top.</summary>
    public int Up(int rows, int height)
    {
        var node = timeline.Anchor ?? timeline.Newest;
        if (node is null)
        {
            return rows;
        }

        var (hidden, size) = (Hidden(node) + rows, count(node));
        while (hidden >= size && timeline.Above(node) is { } next)
        {
            hidden -= size;
            (node, size) = (next, count(next));
        }

        var available = size - hidden;
        for (var above = timeline.Above(node); above is not null && available < height; above = timeline.Above(above))
        {
            available += count(above);
        }

        (timeline.Anchor, timeline.Hidden) = (node, hidden);
        var missing = Math.Max(0, height - available);
        Down(missing);
        return Math.Min(missing, rows);
    }

    /// <summary>Down by a number of rows; at the newest one the view follows it. True where a hole was reached.</summary>
    public bool Down(int rows)
    {
        if (timeline.Anchor is not { } node)
        {
            return false;
        }

        var hidden = timeline.Hidden - rows;
        while (hidden < 0 && timeline.Below(node) is { } below)
        {
            hidden += count(below);
            node = below;
        }

        var isBeforeHole = hidden <= 0 && timeline.IsBeforeHole(node);
        (timeline.Anchor, timeline.Hidden) = (node, Math.Max(0, hidden));
        if (hidden <= 0 && node == timeline.Newest)
        {
            timeline.Anchor = null;
        }

        return isBeforeHole;
    }

    private int Hidden(LinkedListNode<Entry> node) =>
        timeline.Anchor is null ? 0 : Math.Min(timeline.Hidden, count(node) - 1);
}
