namespace GrpcChat.Bench.Reporting;

/// <summary>
/// The table at the top: the headline figure of each workload. Limits appear in the workloads' own sections only.
/// </summary>
internal static class HeadlineTable
{
    public static string Render(IReadOnlyList<WorkloadRecord> records)
    {
        var peers = records
            .Where(record => record.Headline is not null)
            .SelectMany(record => record.Peers.Select(rows => rows.Peer).Where(peer => record.Headlined(peer) is not null))
            .Distinct()
            .Where(peer => peer != PeerRounds.Ours && !peer.StartsWith("limit-", StringComparison.Ordinal))
            .ToList();
        var table = new MarkdownTable(["workload", "figure", PeerRounds.Ours, .. peers.Select(peer => $"{peer}: ratio"), "targets met"]);
        foreach (var record in records)
        {
            var ours = record.Headlined(PeerRounds.Ours);
            var title = $"[{record.Id.ToUpperInvariant()} {record.Title}](#{WorkloadSection.AnchorOf(record)})";
            table.Add([title, record.Headline ?? "", Median(record, ours), .. peers.Select(peer => Peer(record, ours, peer)), Targets(record)]);
        }

        return table + "\n";
    }

    private static string Peer(WorkloadRecord record, PeerRounds? ours, string peer)
    {
        if (record.Headlined(peer) is not { } rows)
        {
            return "";
        }

        return ours is null ? Median(record, rows) : $"{Median(record, rows)}: {Numbers.Times(Ratios.Of(ours, rows, record.Headline!))}";
    }

    private static string Median(WorkloadRecord record, PeerRounds? rows) =>
        rows is not null && Ratios.Figure(rows, record.Headline!) is { } spread
            ? Numbers.Text(spread.Median) + (Bottleneck.Of(rows) is null ? "" : Bottleneck.Mark)
            : "";

    private static string Targets(WorkloadRecord record) =>
        record.Targets.Count == 0 ? "" : $"{record.Targets.Count(target => target.Met)} of {record.Targets.Count}";
}
