using System.Text.RegularExpressions;

namespace GrpcChat.ConsoleClient;

/// <summary>
/// Makes text that others wrote safe to print: nothing in it moves the cursor, changes the direction of the line or is
/// hidden.
/// </summary>
internal static partial class TerminalText
{
    /// <summary>Escapes the text and, on a terminal, isolates its direction.</summary>
    public static string MakeSafe(string text) =>
        Console.IsOutputRedirected || System.Text.Ascii.IsValid(text) ? Escape(text) : Isolate(text);

    /// <summary>Escapes the text, and keeps right-to-left text from reordering what surrounds it.</summary>
    public static string Isolate(string text) => $"\u2068{Escape(text)}\u2069";

    /// <summary>Replaces each harmful character by its number, and a line feed by ⏎.</summary>
    public static string Escape(string text) => Harmful().Replace(text, found => found.Value switch
    {
        "\n" => "⏎",
        [var high, var low] => $"\\U{char.ConvertToUtf32(high, low):x8}",
        var one => one[0] <= 0xFF ? $"\\x{(int)one[0]:x2}" : $"\\u{(int)one[0]:x4}",
    });

    // C0, DEL and C1; direction marks and line separators; unpaired surrogates; invisible tags.
    [GeneratedRegex(@"[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]"
        + @"|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|\uDB40[\uDC00-\uDC7F]")]
    private static partial Regex Harmful();
}
