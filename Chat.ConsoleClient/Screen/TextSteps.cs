using System.Globalization;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Finds positions for the cursor in a text: between grapheme clusters, and at the ends of words and lines.
/// </summary>
internal static class TextSteps
{
    public static int FindNext(string text, int index) =>
        index >= text.Length ? text.Length : index + StringInfo.GetNextTextElementLength(text.AsSpan(index));

    public static int FindPrevious(string text, int index)
    {
        var at = FindLineStart(text, Math.Max(0, index - 1)); // No cluster extends over the end of a line.
        for (var next = FindNext(text, at); next < index; next = FindNext(text, at))
        {
            at = next;
        }

        return Math.Min(at, index);
    }

    /// <summary>The first position at or after this one that is not within a cluster.</summary>
    public static int Snap(string text, int index)
    {
        if (index <= 0)
        {
            return 0;
        }

        return index >= text.Length ? text.Length : FindNext(text, FindPrevious(text, index));
    }

    public static int FindLineStart(string text, int index) => index <= 0 ? 0 : text.LastIndexOf('\n', index - 1) + 1;

    public static int FindLineEnd(string text, int index) => text.IndexOf('\n', index) is var at && at < 0 ? text.Length : at;

    /// <summary>The end of the word at or after this position; a word consists of letters and digits.</summary>
    public static int FindWordEnd(string text, int index)
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

    /// <summary>The start of the word before this position.</summary>
    public static int FindWordStart(string text, int index)
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

    /// <summary>The start of the text without spaces before this position.</summary>
    public static int FindArgumentStart(string text, int index)
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
