namespace GrpcChat.Bench.Reporting.Pictures;

/// <summary>
/// The chart of the README: the headline figures of three workloads side by side, with a row for each peer.
/// </summary>
internal static class HeadlinePicture
{
    private const double Left = 104;
    private const double Top = 78;
    private const double Row = 30;
    private const double Gap = 22;

    private static readonly string[] Workloads = ["w1", "w3", "w4"];

    private static readonly string[] Peers = [PeerRounds.Ours, "tutorial-wal", "signalr", "tutorial"];

    /// <summary>Null if none of the three has a record.</summary>
    public static string? Draw(IReadOnlyList<WorkloadRecord> records)
    {
        var panels = Workloads
            .Select(id => records.FirstOrDefault(record => record.Id == id))
            .OfType<WorkloadRecord>()
            .Where(record => record.Headline is not null && Seen(record, PeerRounds.Ours) is not null)
            .ToList();
        var peers = Peers.Where(peer => panels.Exists(record => Seen(record, peer) is not null)).ToList();
        if (panels.Count == 0)
        {
            return null;
        }

        var drawing = new SvgDrawing(ChartFrame.Width, Top + (peers.Count * Row) + 16);
        var wide = (ChartFrame.Width - Left - 20 - (Gap * (panels.Count - 1))) / panels.Count;
        for (var p = 0; p < peers.Count; p++)
        {
            var isOurs = peers[p] == PeerRounds.Ours;
            drawing.Text(Left - 12, Top + (p * Row) + 16, peers[p], "end", color: SvgDrawing.Ink, bold: isOurs);
        }

        for (var n = 0; n < panels.Count; n++)
        {
            Panel(drawing, panels[n], peers, Left + (n * (wide + Gap)), wide);
        }

        return drawing.ToString();
    }

    private static void Panel(SvgDrawing drawing, WorkloadRecord record, List<string> peers, double x, double wide)
    {
        drawing.Text(x, 30, record.Title, size: 14, color: SvgDrawing.Ink, bold: true);
        drawing.Text(x, 50, record.Headline!, size: 11.5);
        var medians = peers.ConvertAll(peer => Seen(record, peer)?.Median);
        var largest = medians.Max()!.Value;
        for (var p = 0; p < peers.Count; p++)
        {
            var y = Top + (p * Row);
            if (medians[p] is not { } median)
            {
                drawing.Text(x + 4, y + 16, "–");
                continue;
            }

            // Leaves room for the label of the longest bar.
            var bar = Math.Max(2, median / largest * (wide - 54));
            drawing.Rectangle(x, y, bar, 22, PeerColors.Of(peers[p], p), corner: 2);
            drawing.Text(x + bar + 6, y + 16, Numbers.Short(median), color: SvgDrawing.Ink, bold: p == 0);
        }

        drawing.Line(x, Top - 6, x, Top + (peers.Count * Row) - 2, "#8c959f");
    }

    private static Spread? Seen(WorkloadRecord record, string peer) =>
        record.Headlined(peer) is { } rounds ? Ratios.Figure(rounds, record.Headline!) : null;
}
