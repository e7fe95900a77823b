using System.Globalization;
using System.Text;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>
/// Where a terminal that follows the Unicode Bidirectional Algorithm (UAX #9) shows each character of a row that begins
/// on the left. Only for text without direction marks.
/// </summary>
internal static class BidiOrder
{
    private enum Class
    {
        L,
        R,
        Number, // EN
        ArabicNumber, // AN
        Neutral, // WS, ON, and separators of numbers, which the rules below treat in the same way.
    }

    /// <summary>Returns the place of each character, from the left.</summary>
    public static int[] Of(IReadOnlyList<string> characters)
    {
        Class[] classes = [.. characters.Select(Classify)];
        ResolveNumbers(classes);
        var levels = ResolveLevels(classes);
        for (var i = classes.Length - 1; i >= 0 && characters[i] == " "; i--)
        {
            levels[i] = 0; // L1: blanks at the end.
        }

        int[] shown = [.. Enumerable.Range(0, levels.Length)];
        for (var level = levels.Max(); level > 0; level--)
        {
            for (var start = 0; start < levels.Length; start++)
            {
                var end = start;
                while (end < levels.Length && levels[end] >= level)
                {
                    end++;
                }

                Array.Reverse(shown, start, end - start); // L2
                start = end;
            }
        }

        var places = new int[shown.Length];
        for (var place = 0; place < shown.Length; place++)
        {
            places[shown[place]] = place;
        }

        return places;
    }

    private static Class Classify(string character)
    {
        if (character.Length == 0 || Rune.DecodeFromUtf16(character, out var rune, out _) != System.Buffers.OperationStatus.Done)
        {
            return Class.Neutral;
        }

        return rune.Value switch
        {
            >= '0' and <= '9' => Class.Number,
            >= 0x660 and <= 0x669 => Class.ArabicNumber,
            (>= 0x590 and <= 0x8FF) or (>= 0xFB1D and <= 0xFDFF) or (>= 0xFE70 and <= 0xFEFE) => Class.R,
            >= 0x2800 and <= 0x28FF => Class.L,
            _ => Rune.GetUnicodeCategory(rune) <= UnicodeCategory.OtherLetter ? Class.L : Class.Neutral,
        };
    }

    // W7: a number after a left-to-right character, or at the start, is one itself.
    private static void ResolveNumbers(Class[] classes)
    {
        var strong = Class.L;
        for (var i = 0; i < classes.Length; i++)
        {
            strong = classes[i] is Class.L or Class.R ? classes[i] : strong;
            classes[i] = classes[i] == Class.Number && strong == Class.L ? Class.L : classes[i];
        }
    }

    // N1, N2 and I1: what is neutral has the direction of both its sides, in which numbers count as right to left.
    private static int[] ResolveLevels(Class[] classes)
    {
        var levels = new int[classes.Length];
        for (var i = 0; i < classes.Length; i++)
        {
            levels[i] = classes[i] switch
            {
                Class.L => 0,
                Class.R => 1,
                Class.Neutral => IsLeft(Array.FindLastIndex(classes, i, one => one != Class.Neutral))
                    || IsLeft(Array.FindIndex(classes, i, one => one != Class.Neutral)) ? 0 : 1,
                _ => 2,
            };
        }

        return levels;

        bool IsLeft(int index) => index < 0 || classes[index] == Class.L;
    }
}
