using System.Text.RegularExpressions;

namespace Chat.ConsoleClient;

/// <summary>Makes what others wrote harmless: nothing in it moves the cursor, turns the line around or hides.</summary>
internal static partial class TerminalText
{
    public static string Foreign(string text) =>
        Console.IsOutputRedirected || System.Text.Ascii.IsValid(text) ? Escape(text) : Isolated(text);

    public static string Isolated(string text) => $"\u2068{Escape(text)}\u2069"; // Right to left keeps to its place.

    public static string Escape(string text) => Harmful().Replace(text, found => found.Value switch
    {
        "\n" => "⏎",
        [var high, var low] => $"\\U{char.ConvertToUtf32(high, low):x8}",
        var one => one[0] <= 0xFF ? $"\\x{(int)one[0]:x2}" : $"\\u{(int)one[0]:x4}",
    });

    // C0, DEL and C1; what sets the direction, and separators of lines; half a surrogate pair; invisible tags.
    [GeneratedRegex(@"[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]"
        + @"|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|\uDB40[\uDC00-\uDC7F]")]
    private static partial Regex Harmful();
}
