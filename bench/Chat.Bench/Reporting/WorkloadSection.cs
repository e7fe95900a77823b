using System.Globalization;
using System.Text;

namespace GrpcChat.Bench.Reporting;

/// <summary>A workload's section of the page: load, figures, targets, charts and explanations.</summary>
internal static class WorkloadSection
{
    public static string Render(WorkloadRecord record, string? notes, IEnumerable<(string File, string Title)> pictures)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"\n## {Heading(record)}\n\n{record.Description}\n");
        text.Append(CultureInfo.InvariantCulture, $"\nRun by `{record.Command}` on {record.At:yyyy-MM-dd}.\n");
        foreach (var setting in record.Peers.GroupBy(rows => rows.Setting))
        {
            text.Append(setting.Key is null ? "\n" : $"\n### {setting.Key}\n\n").Append(Figures(setting.ToList()));
        }

        if (record.Targets.Count > 0)
        {
            text.Append('\n').Append(Targets(record));
        }

        foreach (var (file, title) in pictures)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n![{title}]({file})\n");
        }

        if (record.Notes.Count > 0)
        {
            text.Append('\n').AppendJoin('\n', record.Notes.Select(note => $"- {note}")).Append('\n');
        }

        if (!string.IsNullOrWhiteSpace(notes))
        {
            text.Append('\n').Append(notes.Trim()).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>
    /// The anchor that Markdown renderers give the heading: lower case, hyphens for spaces, no punctuation.
    /// </summary>
    public static string AnchorOf(WorkloadRecord record) =>
        string.Concat(Heading(record).ToLowerInvariant().Replace(' ', '-').Where(sign => char.IsLetterOrDigit(sign) || sign == '-'));

    private static string Heading(WorkloadRecord record) => $"{record.Id.ToUpperInvariant()} {record.Title}";

    private static string Figures(List<PeerRounds> peers)
    {
        var table = new MarkdownTable([$"median (min–max) of {Rounds(peers)}", .. peers.Select(rows => rows.Peer)]);
        foreach (var figure in peers.SelectMany(rows => rows.Rounds).SelectMany(round => round.Figures.Keys).Distinct())
        {
            table.Add([figure, .. peers.Select(rows => Figure(rows, figure))]);
        }

        table.Add(["everything arrived", .. peers.Select(Arrived)]);
        var bottlenecks = peers.Select(Bottleneck.Of).OfType<string>().ToList();
        return table + (bottlenecks.Count == 0 ? "" : $"\n†{string.Concat(bottlenecks.Select(one => $" {one}"))}\n");
    }

    private static string Rounds(List<PeerRounds> peers)
    {
        var (least, most) = (peers.Min(rows => rows.Rounds.Count), peers.Max(rows => rows.Rounds.Count));
        return least == most ? most == 1 ? "1 round" : $"{most} rounds" : $"{least} to {most} rounds";
    }

    private static string Figure(PeerRounds rows, string figure) =>
        Ratios.Figure(rows, figure) is { } spread
            ? Numbers.Text(spread) + (Bottleneck.Concerns(figure) && Bottleneck.Of(rows) is not null ? Bottleneck.Mark : "")
            : "";

    private static string Arrived(PeerRounds rows)
    {
        var failures = rows.Failures.ToList();
        return failures.Count == 0 ? "yes" : $"no in {failures.Count} of {rows.Rounds.Count}: {failures[0]}";
    }

    private static string Targets(WorkloadRecord record)
    {
        var text = new StringBuilder("| target | result | met |\n|---|---|---|\n");
        foreach (var target in record.Targets)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {target.Text} | {target.Seen} | {(target.Met ? "✓" : "✗ **no**")} |\n");
        }

        return text.ToString();
    }
}
