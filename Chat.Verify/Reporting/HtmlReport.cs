using System.Globalization;
using System.Net;
using System.Text;
using GrpcChat.Verify.Checking;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Reporting;

/// <summary>
/// A report for people: one file that needs no other, with a timeline of streams, faults and violations.
/// </summary>
internal static class HtmlReport
{
    private const int Left = 110;
    private const int Width = 1000;
    private const int RowHeight = 16;
    private const int Top = 24;

    // More would be lines of less than a pixel, and a file that no browser opens.
    private const int MostBars = 5000;

    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1150px; color: #222; background: #fff }
        table { border-collapse: collapse } td { padding: .15rem .8rem .15rem 0; vertical-align: top }
        .ok { color: #17663a } .broken { color: #b3261e; font-weight: 600 } pre { background: #f6f6f6; padding: .6rem; overflow-x: auto }
        svg text { font: 11px system-ui, sans-serif; fill: #444 }
        .left { fill: #7aa6d8 } .cut { fill: #d8a47a } .fault { fill: #b3261e; opacity: .15 } .violation { stroke: #b3261e; stroke-width: 2 }
        """;

    public static string Of(RunReport report)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>chat-verify</title><style>{Style}</style></head><body>
            <h1>{(report.IsOk ? "Every promise was kept" : "A promise was broken")}</h1>
            <p>{Encode(report.Title)}{(report.Seed is { } seed ? $", seed {seed}" : "")}<br>{Encode(report.Counts.ToString())}</p>
            <table>
            """);
        foreach (var verdict in report.Verdicts)
        {
            html.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{verdict.Rule}</td><td>{Encode(verdict.Title)}</td><td class="{(verdict.IsOk ? "ok" : "broken")}">{RunReport.Describe(verdict)}</td></tr>

                """);
        }

        html.Append("</table>\n<h2>Timeline</h2>\n");
        AppendTimeline(html, report);
        AppendFaults(html, report.Recording);
        foreach (var verdict in report.Verdicts.Where(verdict => !verdict.IsOk))
        {
            html.Append(CultureInfo.InvariantCulture, $"<h2>{verdict.Rule} {Encode(verdict.Title)}</h2>\n");
            foreach (var violation in verdict.First)
            {
                html.Append(CultureInfo.InvariantCulture, $"<p>{Encode(violation.Message)}</p>\n<pre>");
                html.AppendJoin('\n', violation.Events.Select(index => Encode(EventText.Of(report.Recording, index))));
                html.Append("</pre>\n");
            }
        }

        return html.Append("</body></html>\n").ToString();
    }

    private static void AppendTimeline(StringBuilder html, RunReport report)
    {
        var recording = report.Recording;
        var events = recording.Events;
        var end = events.Count > 0 ? Math.Max(1, events[events.Count - 1].Time) : 1;
        var height = Top + (recording.Clients.Count * RowHeight);
        html.Append(CultureInfo.InvariantCulture, $"""
            <svg viewBox="0 0 {Left + Width + 10} {height}" role="img" aria-label="Streams of each client over time, faults and violations">
            <text x="{Left}" y="12">0 s</text><text x="{Left + Width}" y="12" text-anchor="end">{end / 1e6:0.0} s</text>

            """);
        for (var client = 0; client < recording.Clients.Count; client++)
        {
            html.Append(CultureInfo.InvariantCulture, $"""
                <text x="0" y="{Top + (client * RowHeight) + 11}">{Encode(EventText.NameOf(recording.Clients[client]))}</text>

                """);
        }

        var leftOut = AppendBars(html, recording, end, height);
        foreach (var violation in report.Verdicts.SelectMany(verdict => verdict.First).Where(violation => violation.Events.Length > 0))
        {
            var x = X(events[violation.Events[^1]].Time, end);
            html.Append(CultureInfo.InvariantCulture, $"""
                <line class="violation" x1="{x}" x2="{x}" y1="{Top}" y2="{height}"><title>{Encode(violation.Message)}</title></line>

                """);
        }

        html.Append("</svg>\n<p>Blue: the client left. Brown: the stream broke. Red bands: faults. Red lines: violations.");
        html.Append(leftOut > 0
            ? string.Create(CultureInfo.InvariantCulture, $" {leftOut:N0} streams at the end are not drawn.</p>\n")
            : "</p>\n");
    }

    private static void AppendFaults(StringBuilder html, Recording recording)
    {
        html.Append("<details><summary>Faults</summary><pre>");
        for (var index = 0; index < recording.Events.Count; index++)
        {
            if (recording.Events[index].Kind is EventKind.FaultBegan or EventKind.FaultEnded)
            {
                html.Append(Encode(EventText.Of(recording, index))).Append('\n');
            }
        }

        html.Append("</pre></details>\n");
    }

    private static int AppendBars(StringBuilder html, Recording recording, long end, int height)
    {
        var begun = new Dictionary<int, long>();
        var faults = new Dictionary<byte, long>();
        var bars = 0;
        for (var index = 0; index < recording.Events.Count; index++)
        {
            ref var happened = ref recording.Events[index];
            switch (happened.Kind)
            {
                case EventKind.SessionBegan:
                    begun[happened.Session] = happened.Time;
                    break;
                case EventKind.SessionEnded when ++bars <= MostBars && begun.Remove(happened.Session, out var from):
                    var y = Top + (recording.Sessions[happened.Session].Client * RowHeight);
                    html.Append(CultureInfo.InvariantCulture, $"""
                        <rect class="{(happened.Flag == (byte)SessionEnd.Left ? "left" : "cut")}" x="{X(from, end)}" y="{y}" width="{W(from, happened.Time, end)}" height="{RowHeight - 3}"/>

                        """);
                    break;
                case EventKind.FaultBegan:
                    faults[happened.Flag] = happened.Time;
                    break;
                case EventKind.FaultEnded when faults.Remove(happened.Flag, out var from):
                    html.Append(CultureInfo.InvariantCulture, $"""
                        <rect class="fault" x="{X(from, end)}" y="{Top}" width="{W(from, happened.Time, end)}" height="{height - Top}"><title>{EventText.NameOf((FaultKind)happened.Flag)}</title></rect>

                        """);
                    break;
            }
        }

        return Math.Max(0, bars - MostBars);
    }

    private static string X(long time, long end) => (Left + (Width * (double)time / end)).ToString("0.##", CultureInfo.InvariantCulture);

    private static string W(long from, long to, long end) =>
        Math.Max(1, Width * (double)(to - from) / end).ToString("0.##", CultureInfo.InvariantCulture);

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
