using System.Globalization;

namespace Chat.ConsoleClient.Screen;

/// <summary>Where a cursor may stand in a text: between grapheme clusters, and at the borders of words.</summary>
internal static class TextSteps
{
    public static int Next(string text, int index) =>
        index >= text.Length ? text.Length : index + StringInfo.GetNextTextElementLength(text.AsSpan(index));

    public static int Previous(string text, int index)
    {
        var at = LineStart(text, Math.Max(0, index - 1)); // No cluster reaches over the end of a line.
        for (var next = Next(text, at); next < index; next = Next(text, at))
        {
            at = next;
        }

        return Math.Min(at, index);
    }

    /// <summary>The next place at or after this one that is not within a cluster.</summary>
    public static int Snap(string text, int index)
    {
        if (index <= 0)
        {
            return 0;
        }

        return index >= text.Length ? text.Length : Next(text, Previous(text, index));
    }

    public static int LineStart(string text, int index) => index <= 0 ? 0 : text.LastIndexOf('\n', index - 1) + 1;

    public static int LineEnd(string text, int index) => text.IndexOf('\n', index) is var at && at < 0 ? text.Length : at;

    /// <summary>The end of the word at or after this place: of letters and digits.</summary>
    public static int WordEnd(string text, int index)
    {
        while (index < text.Length && !char.IsLetterOrDigit(text[index]))
        {
            index++;
        }

        while (index < text.Length && char.IsLetterOrDigit(text[index]))
        {
            index++;
        }

        return Snap(text, index);
    }

    /// <summary>The start of the word before this place.</summary>
    public static int WordStart(string text, int index)
    {
        while (index > 0 && !char.IsLetterOrDigit(text[index - 1]))
        {
            index--;
        }

        while (index > 0 && char.IsLetterOrDigit(text[index - 1]))
        {
            index--;
        }

        return Snap(text, index);
    }

    /// <summary>The start of what stands between spaces before this place.</summary>
    public static int ArgumentStart(string text, int index)
    {
        while (index > 0 && char.IsWhiteSpace(text[index - 1]))
        {
            index--;
        }

        while (index > 0 && !char.IsWhiteSpace(text[index - 1]))
        {
            index--;
        }

        return index;
    }
}
