using System.Text.RegularExpressions;

namespace GrpcChat.ConsoleClient;

/// <summary>
/// Makes text that others wrote safe to print: nothing in it moves the cursor, changes the direction of the line or is
/// hidden.
/// </summary>
internal static partial class TerminalText
{
    /// <summary>
    /// Looks like a space, but has a direction, from left to right (BRAILLE PATTERN BLANK). A terminal that reorders
    /// right-to-left text does not reorder it across this. An invisible mark would do the same, and would be copied
    /// with the text.
    /// </summary>
    public const string DirectedSpace = "\u2800";

    /// <summary>
    /// Escapes a text that another one follows. On a terminal, neither moves to the place of the other.
    /// </summary>
    public static string EscapeBefore(string text)
    {
        var escaped = Escape(text);
        return !Console.IsOutputRedirected && HasRightToLeft(escaped) ? escaped + DirectedSpace : escaped;
    }

    /// <summary>Replaces each harmful character by its number, and a line feed by ⏎.</summary>
    public static string Escape(string text) => Harmful().Replace(text, found => found.Value switch
    {
        _ when found.Groups["flag"].Success => found.Value,
        "\n" => "⏎",
        [var high, var low] => $"\\U{char.ConvertToUtf32(high, low):x8}",
        var one => one[0] <= 0xFF ? $"\\x{(int)one[0]:x2}" : $"\\u{(int)one[0]:x4}",
    });

    /// <summary>True if a character of the text is written from right to left.</summary>
    public static bool HasRightToLeft(ReadOnlySpan<char> text) => RightToLeft().IsMatch(text);

    // C0, DEL and C1; direction marks and line separators; unpaired surrogates; invisible tags. These are harmless only
    // in the flag of a region, like that of England: a black flag, two letters for the country and up to four for the
    // region, and the end.
    [GeneratedRegex(@"(?<flag>\uD83C\uDFF4(\uDB40[\uDC61-\uDC7A]){2}(\uDB40[\uDC30-\uDC39\uDC61-\uDC7A]){1,4}\uDB40\uDC7F)"
        + @"|[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]"
        + @"|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|\uDB40[\uDC00-\uDC7F]",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Harmful();

    // The blocks of Unicode that are reserved for scripts with this direction: U+0590 to U+08FF, the presentation
    // forms, U+10800 to U+10FFF and U+1E800 to U+1EFFF.
    [GeneratedRegex(@"[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFE]|[\uD802\uD803\uD83A\uD83B][\uDC00-\uDFFF]")]
    private static partial Regex RightToLeft();
}
