namespace Chat.ConsoleClient.Screen;

/// <summary>Breaks a text into rows: at spaces and after wide characters, and within a word that fits no row.</summary>
internal static class Wrapping
{
    /// <summary>The rows, as ranges of clusters; at least one. A space at which a row is broken belongs to none.</summary>
    public static List<Range> Rows(List<Cluster> clusters, int width)
    {
        var rows = new List<Range>();
        var start = 0;
        do
        {
            var (end, after) = Row(clusters, start, width);
            rows.Add(start..end);
            start = after;
        }
        while (start < clusters.Count);
        return rows;
    }

    private static (int End, int After) Row(List<Cluster> clusters, int start, int width)
    {
        var (end, used, breakAt) = (start, 0, 0);
        for (; end < clusters.Count && used + clusters[end].Width <= width; end++)
        {
            used += clusters[end].Width;
            if (clusters[end].IsSpace || clusters[end].Width == 2)
            {
                breakAt = end + 1;
            }
        }

        if (end == clusters.Count)
        {
            return (end, end);
        }

        if (clusters[end].IsSpace)
        {
            return (end, end + 1);
        }

        if (breakAt > start)
        {
            return (clusters[breakAt - 1].IsSpace ? breakAt - 1 : breakAt, breakAt);
        }

        end = Math.Max(end, start + 1); // A row that is narrower than one character holds it all the same.
        return (end, end);
    }
}
