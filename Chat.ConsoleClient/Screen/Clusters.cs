using System.Globalization;
using System.Text;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// A grapheme cluster, which people see as one character, made safe to print. It takes at least one cell.
/// </summary>
internal readonly record struct Cluster(string Text, int Width)
{
    public bool IsSpace => Text == " ";
}

/// <summary>
/// Splits a text into clusters that a terminal can show one by one. Control characters are escaped, clusters without
/// width are left out, a combining mark without a letter gets a dotted circle, and excessive marks are dropped.
/// </summary>
internal static class Clusters
{
    // Living languages stack up to four marks, and the emoji of a kiss with two skin tones has ten parts.
    private const int MaxMarks = 6, MaxParts = 16;

    private static readonly string[] Ascii = [.. Enumerable.Range(0, 0x7f).Select(code => ((char)code).ToString())];

    public static List<Cluster> Split(string text)
    {
        var rest = TerminalText.Escape(text).AsSpan();
        var clusters = new List<Cluster>(rest.Length);
        while (rest.Length > 0)
        {
            var isAscii = rest[0] is >= ' ' and <= '~' && (rest.Length == 1 || rest[1] < 0x300);
            var length = isAscii ? 1 : StringInfo.GetNextTextElementLength(rest);
            var shown = isAscii ? Ascii[rest[0]] : Limit(rest[..length]);
            var width = CellWidth.Measure(shown);
            if (width == 0 && IsMark(shown))
            {
                (shown, width) = ("◌" + shown, 1);
            }

            if (width > 0)
            {
                clusters.Add(new(shown, width));
            }

            rest = rest[length..];
        }

        return clusters;
    }

    /// <summary>The number of cells that a text takes.</summary>
    public static int Measure(string text) => Split(text).Sum(cluster => cluster.Width);

    private static string Limit(ReadOnlySpan<char> cluster)
    {
        var (length, parts, marks) = (0, 0, 0);
        var capped = new StringBuilder();
        while (length < cluster.Length && parts < MaxParts)
        {
            Rune.DecodeFromUtf16(cluster[length..], out var rune, out var used);
            if (!IsMark(rune) || marks++ < MaxMarks)
            {
                capped.Append(cluster.Slice(length, used));
                parts++;
            }

            length += used;
        }

        return capped.ToString();
    }

    private static bool IsMark(string cluster) => cluster.Length > 0 && IsMark(cluster.EnumerateRunes().First());

    // Variation selectors are marks, too, but invisible.
    private static bool IsMark(Rune rune) => rune.Value is not (>= 0xFE00 and <= 0xFE0F)
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;
}
