using System.Runtime.InteropServices;

namespace Chat.ConsoleClient.Screen;

/// <summary>Composes the rows of an entry: a rule where a day begins, the text in its column, why it was refused.</summary>
/// <param name="layout">Where things stand.</param>
/// <param name="palette">How they look.</param>
/// <param name="zone">Whose days and times are shown.</param>
internal sealed class EntryRows(Layout layout, Palette palette, TimeZoneInfo zone)
{
    /// <summary>The rows.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="above">The entry above it; null for the first one.</param>
    /// <param name="top">What stands above the first one; empty = nothing.</param>
    public List<Cell[]> Of(Entry entry, Entry? above, string top)
    {
        var rows = new List<Cell[]>();
        if (HasTop(above, top))
        {
            rows.Add(Centred(top, ' '));
        }

        var (at, previous) = (Local(entry), above is null ? null : Local(above));
        if (BeginsDay(entry, above))
        {
            rows.Add(Centred($"{at:dddd, d MMMM yyyy}", '─'));
        }

        var isSameMinute = rows.Count == 0 && at is not null && Minute(at) == Minute(previous);
        Text(entry, rows, isSameMinute ? "" : $"{at:HH:mm}");
        return rows;
    }

    /// <summary>How many rows those are, for scrolling, which needs no more.</summary>
    public int Count(Entry entry, Entry? above, string top)
    {
        var reason = entry.Delivery == Delivery.Refused ? Count(Reason(entry)) : 0;
        return (HasTop(above, top) ? 1 : 0) + (BeginsDay(entry, above) ? 1 : 0) + Count(Shown(entry)) + reason;
    }

    private static bool HasTop(Entry? above, string top) => above is null && top.Length > 0;

    private static string Shown(Entry entry) => entry.IsErased ? "(erased)" : entry.Text;

    private static string Reason(Entry entry) => "not sent: " + entry.Reason;

    // After what has no time nobody knows.
    private bool BeginsDay(Entry entry, Entry? above) => Local(entry) is { } at
        && (above is null || Local(above) is { } previous && previous.Date != at.Date);

    private int Count(string text) => Wrapping.Rows(Clusters.Of(text), layout.TextWidth).Count;

    private void Text(Entry entry, List<Cell[]> rows, string time)
    {
        var (style, mark, markStyle) = entry.Delivery switch
        {
            Delivery.Notice => (palette.Faint, "·", palette.Faint),
            Delivery.Pending => (palette.Faint, "…", palette.Pending),
            Delivery.Stored => (palette.Plain, "✓", palette.Stored),
            Delivery.Refused => (palette.Faint, "✗", palette.Refused),
            _ => (palette.Plain, "", default),
        };
        var first = new RowWriter(layout.Columns);
        if (layout.HasTime)
        {
            first.Own(time, palette.Faint);
        }

        if (!entry.IsNotice)
        {
            Name(first, entry);
        }

        first.MoveTo(layout.Mark).Own(mark, markStyle);
        Wrapped(Shown(entry), entry.IsErased ? palette.Faint : style, first, rows);
        if (entry.Delivery == Delivery.Refused)
        {
            Wrapped(Reason(entry), palette.Refused, new(layout.Columns), rows);
        }
    }

    // Right-aligned, so that the names stand by what they said.
    private void Name(RowWriter row, Entry entry)
    {
        var width = Math.Min(layout.NameWidth, Clusters.Of(entry.Sender).Sum(cluster => cluster.Width));
        var style = entry.Delivery == Delivery.FromOthers ? palette.Sender(entry.Sender) : palette.Own;
        row.MoveTo(layout.Name + layout.NameWidth - width).Foreign(entry.Sender, style, layout.NameWidth);
    }

    private void Wrapped(string text, Style style, RowWriter first, List<Cell[]> rows)
    {
        var clusters = Clusters.Of(text);
        var row = first;
        foreach (var range in Wrapping.Rows(clusters, layout.TextWidth))
        {
            row.MoveTo(layout.Text).Foreign(CollectionsMarshal.AsSpan(clusters)[range], style);
            rows.Add(row.Row);
            row = new(layout.Columns);
        }
    }

    private Cell[] Centred(string text, char around)
    {
        var left = Math.Max(0, layout.Columns - text.Length - 2) / 2;
        var row = new RowWriter(layout.Columns).Own(new string(around, left), palette.Faint).Own($" {text} ", palette.Faint);
        return row.Own(new string(around, row.Left), palette.Faint).Row;
    }

    private DateTime? Local(Entry entry) => entry.At is { } at ? TimeZoneInfo.ConvertTime(at, zone).DateTime : null;

    private static long? Minute(DateTime? at) => at?.Ticks / TimeSpan.TicksPerMinute;
}
