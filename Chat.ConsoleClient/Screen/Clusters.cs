using System.Globalization;
using System.Text;

namespace Chat.ConsoleClient.Screen;

/// <summary>What a person takes for one character, harmless and with the cells that it takes: at least one.</summary>
internal readonly record struct Cluster(string Text, int Width)
{
    public bool IsSpace => Text == " ";
}

/// <summary>
/// Cuts a text into clusters that a terminal can show one by one. What steers a terminal is escaped, what takes no cell is
/// left out, a mark without a letter gets a circle to stand on, and piles of marks are cut.
/// </summary>
internal static class Clusters
{
    // Living languages pile up four marks, and a kiss between two skin colours has ten parts.
    private const int MaxMarks = 6, MaxParts = 16;

    private static readonly string[] Ascii = [.. Enumerable.Range(0, 0x7f).Select(code => ((char)code).ToString())];

    public static List<Cluster> Of(string text)
    {
        var rest = TerminalText.Escape(text).AsSpan();
        var clusters = new List<Cluster>(rest.Length);
        while (rest.Length > 0)
        {
            var isAscii = rest[0] is >= ' ' and <= '~' && (rest.Length == 1 || rest[1] < 0x300);
            var length = isAscii ? 1 : StringInfo.GetNextTextElementLength(rest);
            var shown = isAscii ? Ascii[rest[0]] : Capped(rest[..length]);
            var width = CellWidth.Of(shown);
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

    private static string Capped(ReadOnlySpan<char> cluster)
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

    // The variation selectors are no marks that one could see.
    private static bool IsMark(Rune rune) => rune.Value is not (>= 0xFE00 and <= 0xFE0F)
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;
}
