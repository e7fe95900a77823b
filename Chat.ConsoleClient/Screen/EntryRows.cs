using System.Runtime.InteropServices;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Composes the rows of an entry: rules where something begins, the text in its column, the reason of a refusal.
/// </summary>
/// <param name="layout">The columns.</param>
/// <param name="palette">The styles.</param>
/// <param name="zone">The zone in which days and times are shown.</param>
/// <param name="firstNew">The first message since the user looked away; null if there is none.</param>
internal sealed class EntryRows(Layout layout, Palette palette, TimeZoneInfo zone, (string LogId, long Id)? firstNew)
{
    private const string Action = "/me ";

    /// <summary>Composes the rows.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="above">The entry above it; null for the first one.</param>
    /// <param name="top">A notice above the first entry; may be empty.</param>
    public List<Cell[]> Compose(Entry entry, Entry? above, string top)
    {
        List<Cell[]> rows = [.. FindRules(entry, above, top).Select(CreateCentred)];
        var at = entry.At is null ? null : GetLocal(entry);
        var isSameMinute = rows.Count == 0 && above is not null && GetMinute(at) == GetMinute(GetLocal(above));
        AddText(entry, rows, isSameMinute ? "" : $"{at:HH:mm}");
        return rows;
    }

    /// <summary>Counts the rows without composing them, for scrolling.</summary>
    public int Count(Entry entry, Entry? above, string top)
    {
        var reason = entry.Delivery == Delivery.Refused ? Count(GetReason(entry)) : 0;
        return FindRules(entry, above, top).Count() + Count(GetText(entry)) + reason;
    }

    private IEnumerable<(string Text, char Around, Style Style)> FindRules(Entry entry, Entry? above, string top)
    {
        if (above is null && top.Length > 0)
        {
            yield return (top, ' ', palette.Faint);
        }

        if ((entry.LogId, entry.Id) == firstNew)
        {
            yield return ("new since you left", '─', palette.New);
        }

        if (entry.At is null || GetLocal(entry) is not { } at)
        {
            yield break;
        }

        var before = above is null ? null : GetLocal(above);
        if (GetMinute(at) < GetMinute(before))
        {
            yield return ("the clock was set back", '─', palette.Faint);
        }

        if (at.Date != before?.Date)
        {
            yield return ($"{at:dddd, d MMMM yyyy}", '─', palette.Faint);
        }
    }

    // An action stands beside the name of who does it, where nobody else can put words.
    private static string GetText(Entry entry) =>
        entry.IsErased ? "(erased)"
        : !entry.IsNotice && entry.Text.StartsWith(Action, StringComparison.Ordinal) ? $"* {entry.Text[Action.Length..]}"
        : entry.Text;

    private static string GetReason(Entry entry) => "not sent: " + entry.Reason;

    private int Count(string text) => Wrapping.Wrap(Clusters.Split(text), layout.TextWidth).Count;

    private void AddText(Entry entry, List<Cell[]> rows, string time)
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
            first.Write(time, palette.Faint);
        }

        if (!entry.IsNotice)
        {
            WriteName(first, entry);
        }

        first.MoveTo(layout.Mark).Write(mark, markStyle);
        AddWrapped(GetText(entry), entry.IsErased ? palette.Faint : style, first, rows);
        if (entry.Delivery == Delivery.Refused)
        {
            AddWrapped(GetReason(entry), palette.Refused, new(layout.Columns), rows);
        }
    }

    // Right-aligned, so that a name stands next to its text.
    private void WriteName(RowWriter row, Entry entry)
    {
        var width = Math.Min(layout.NameWidth, Clusters.Measure(entry.Sender));
        var style = entry.Delivery == Delivery.FromOthers ? palette.ChooseForSender(entry.Sender) : palette.Own;
        row.MoveTo(layout.Name + layout.NameWidth - width).WriteUntrusted(entry.Sender, style, layout.NameWidth);
    }

    private void AddWrapped(string text, Style style, RowWriter first, List<Cell[]> rows)
    {
        var clusters = Clusters.Split(text);
        var row = first;
        foreach (var range in Wrapping.Wrap(clusters, layout.TextWidth))
        {
            row.MoveTo(layout.Text).WriteUntrusted(CollectionsMarshal.AsSpan(clusters)[range], style);
            rows.Add(row.Row);
            row = new(layout.Columns);
        }
    }

    private Cell[] CreateCentred((string Text, char Around, Style Style) rule)
    {
        var left = Math.Max(0, layout.Columns - rule.Text.Length - 2) / 2;
        var row = new RowWriter(layout.Columns).Write(new string(rule.Around, left) + $" {rule.Text} ", rule.Style);
        return row.Write(new string(rule.Around, row.Left), rule.Style).Row;
    }

    private DateTime? GetLocal(Entry entry) =>
        entry.ShownAt is { } at ? TimeZoneInfo.ConvertTime(at, zone).DateTime : null;

    private static long? GetMinute(DateTime? at) => at?.Ticks / TimeSpan.TicksPerMinute;
}
