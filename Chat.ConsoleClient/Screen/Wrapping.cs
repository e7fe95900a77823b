namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Breaks a text into rows: at spaces, after wide characters, and within a word that is longer than a row.
/// </summary>
internal static class Wrapping
{
    /// <summary>
    /// Returns at least one row, as ranges of clusters. A space at which a row breaks belongs to no row.
    /// </summary>
    public static List<Range> Wrap(List<Cluster> clusters, int width)
    {
        var rows = new List<Range>();
        var start = 0;
        do
        {
            var (end, after) = FindEnd(clusters, start, width);
            rows.Add(start..end);
            start = after;
        }
        while (start < clusters.Count);
        return rows;
    }

    private static (int End, int After) FindEnd(List<Cluster> clusters, int start, int width)
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

        end = Math.Max(end, start + 1); // At least one cluster, even if it is wider than the row.
        return (end, end);
    }
}
