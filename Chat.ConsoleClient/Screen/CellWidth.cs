using System.Globalization;
using System.Text;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Measures how many cells of a terminal a grapheme cluster takes: two for East_Asian_Width W and F of Unicode 17.0
/// (EastAsianWidth.txt; it includes every character that is an emoji by default), with ranges joined if no character
/// between them is assigned. If terminals differ, the larger width counts: too large leaves a gap, too small covers a
/// neighbour.
/// </summary>
internal static class CellWidth
{
    private const int EmojiStyle = 0xFE0F, Keycap = 0x20E3;

    // The first and the last character of each range.
    private static readonly int[] Wide =
    [
        0x1100, 0x115F, 0x231A, 0x231B, 0x2329, 0x232A, 0x23E9, 0x23EC, 0x23F0, 0x23F0, 0x23F3, 0x23F3,
        0x25FD, 0x25FE, 0x2614, 0x2615, 0x2630, 0x2637, 0x2648, 0x2653, 0x267F, 0x267F, 0x268A, 0x268F,
        0x2693, 0x2693, 0x26A1, 0x26A1, 0x26AA, 0x26AB, 0x26BD, 0x26BE, 0x26C4, 0x26C5, 0x26CE, 0x26CE,
        0x26D4, 0x26D4, 0x26EA, 0x26EA, 0x26F2, 0x26F3, 0x26F5, 0x26F5, 0x26FA, 0x26FA, 0x26FD, 0x26FD,
        0x2705, 0x2705, 0x270A, 0x270B, 0x2728, 0x2728, 0x274C, 0x274C, 0x274E, 0x274E, 0x2753, 0x2755,
        0x2757, 0x2757, 0x2795, 0x2797, 0x27B0, 0x27B0, 0x27BF, 0x27BF, 0x2B1B, 0x2B1C, 0x2B50, 0x2B50,
        0x2B55, 0x2B55, 0x2E80, 0x303E, 0x3041, 0x3247, 0x3250, 0xA4C6, 0xA960, 0xA97C, 0xAC00, 0xD7A3,
        0xF900, 0xFAFF, 0xFE10, 0xFE19, 0xFE30, 0xFE6B, 0xFF01, 0xFF60, 0xFFE0, 0xFFE6, 0x16FE0, 0x1B2FB,
        0x1D300, 0x1D376, 0x1F004, 0x1F004, 0x1F0CF, 0x1F0CF, 0x1F18E, 0x1F18E, 0x1F191, 0x1F19A, 0x1F200, 0x1F320,
        0x1F32D, 0x1F335, 0x1F337, 0x1F37C, 0x1F37E, 0x1F393, 0x1F3A0, 0x1F3CA, 0x1F3CF, 0x1F3D3, 0x1F3E0, 0x1F3F0,
        0x1F3F4, 0x1F3F4, 0x1F3F8, 0x1F43E, 0x1F440, 0x1F440, 0x1F442, 0x1F4FC, 0x1F4FF, 0x1F53D, 0x1F54B, 0x1F54E,
        0x1F550, 0x1F567, 0x1F57A, 0x1F57A, 0x1F595, 0x1F596, 0x1F5A4, 0x1F5A4, 0x1F5FB, 0x1F64F, 0x1F680, 0x1F6C5,
        0x1F6CC, 0x1F6CC, 0x1F6D0, 0x1F6D2, 0x1F6D5, 0x1F6DF, 0x1F6EB, 0x1F6EC, 0x1F6F4, 0x1F6FC, 0x1F7E0, 0x1F7F0,
        0x1F90C, 0x1F93A, 0x1F93C, 0x1F945, 0x1F947, 0x1F9FF, 0x1FA70, 0x1FAF8, 0x20000, 0x3FFFD,
    ];

    /// <summary>Returns 0, 1 or 2. No cluster takes more, whatever it consists of.</summary>
    public static int Measure(string cluster)
    {
        if (cluster.Length == 1 && cluster[0] is >= ' ' and <= '~')
        {
            return 1;
        }

        var (sum, canBeEmoji) = (0, false);
        foreach (var rune in cluster.EnumerateRunes())
        {
            if (rune.Value is EmojiStyle && canBeEmoji || rune.Value is Keycap)
            {
                return 2;
            }

            if (sum == 0)
            {
                canBeEmoji = IsSymbol(rune);
            }

            sum += Measure(rune);
        }

        return Math.Min(sum, 2);
    }

    /// <summary>True if all terminals agree about the width.</summary>
    public static bool IsCertain(string cluster) => cluster is
        [
            (>= ' ' and <= '~') or (>= '\u00C0' and <= '\u02AF') or (>= '\u03B1' and <= '\u03C9')
            or (>= '\u0410' and <= '\u044F') or '─'
            or (>= '\u3041' and <= '\u3096') or (>= '\u30A1' and <= '\u30FA') or (>= '\u4E00' and <= '\u9FA5')
            or (>= '\uAC00' and <= '\uD7A3')
        ];

    private static int Measure(Rune rune)
    {
        var code = rune.Value;
        if (code is >= 0x1160 and <= 0x11FF or >= 0xD7B0 and <= 0xD7FB)
        {
            return 0; // Vowels and final consonants of Hangul.
        }

        if (code is >= 0x1F1E6 and <= 0x1F1FF)
        {
            return 2; // Half a flag.
        }

        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Control => 0,
            UnicodeCategory.Format => IsVisibleFormat(code) ? 1 : 0,
            _ => IsWide(code) ? 2 : 1,
        };
    }

    private static bool IsWide(int code)
    {
        if (code < Wide[0])
        {
            return false;
        }

        var found = Array.BinarySearch(Wide, code);
        return found >= 0 || (~found & 1) == 1; // Between the first and the last character of a range.
    }

    // Characters that a variation selector may turn into an emoji, and a few that it does not.
    private static bool IsSymbol(Rune rune) => rune.Value is 0x203C or 0x2049 or 0x2139
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.OtherSymbol or UnicodeCategory.MathSymbol;

    // Signs that enclose the digits after them.
    private static bool IsVisibleFormat(int code) => code
        is >= 0x600 and <= 0x605 or 0x6DD or 0x70F or 0x890 or 0x891 or 0x8E2 or 0x110BD or 0x110CD;
}
