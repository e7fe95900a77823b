namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// The text of the input, and the cursor in it. It may have several lines, each of which is sent as a message of its
/// own, like piped input.
/// </summary>
internal sealed class LineEditor
{
    /// <summary>The maximum length in UTF-16 code units: each key lays out the whole text.</summary>
    public const int MaxLength = 65_536;

    private string killed = "";

    public string Text { get; private set; } = "";

    public int Cursor { get; private set; }

    public void Set(string text) => Set(text, text.Length);

    public void Set(string text, int cursor) => (Text, Cursor) = (text, TextSteps.Snap(text, cursor));

    /// <summary>Inserts a text at the cursor. False, without any change, if the input would be too long.</summary>
    public bool Insert(string text)
    {
        var clean = Clean(text);
        if (Text.Length + clean.Length > MaxLength)
        {
            return false;
        }

        Set(Text.Insert(Cursor, clean), Cursor + clean.Length);
        return true;
    }

    /// <summary>Does what a key means for editing; false if it means nothing.</summary>
    public bool Handle(Key key)
    {
        var isWord = (key.Modifiers & (KeyModifiers.Control | KeyModifiers.Alt)) != 0;
        switch (key.Name)
        {
            case KeyName.Left when isWord: Cursor = TextSteps.FindWordStart(Text, Cursor); return true;
            case KeyName.Left: Cursor = TextSteps.FindPrevious(Text, Cursor); return true;
            case KeyName.Right when isWord: Cursor = TextSteps.FindWordEnd(Text, Cursor); return true;
            case KeyName.Right: Cursor = TextSteps.FindNext(Text, Cursor); return true;
            case KeyName.Home: Cursor = TextSteps.FindLineStart(Text, Cursor); return true;
            case KeyName.End: Cursor = TextSteps.FindLineEnd(Text, Cursor); return true;
            case KeyName.Backspace when isWord: Kill(TextSteps.FindWordStart(Text, Cursor), Cursor); return true;
            case KeyName.Backspace: Remove(TextSteps.FindPrevious(Text, Cursor), Cursor); return true;
            case KeyName.Delete when isWord: Kill(Cursor, TextSteps.FindWordEnd(Text, Cursor)); return true;
            case KeyName.Delete: Remove(Cursor, TextSteps.FindNext(Text, Cursor)); return true;
            case KeyName.Up or KeyName.Down: return MoveLine(key.Name == KeyName.Up);
            case KeyName.Character when key.Modifiers == KeyModifiers.Control: return HandleControl(key.Text);
            case KeyName.Character when key.Modifiers == KeyModifiers.Alt: return HandleAlt(key.Text);
            default: return false;
        }
    }

    private bool HandleControl(string letter)
    {
        switch (letter)
        {
            case "a": Cursor = TextSteps.FindLineStart(Text, Cursor); return true;
            case "e": Cursor = TextSteps.FindLineEnd(Text, Cursor); return true;
            case "b": Cursor = TextSteps.FindPrevious(Text, Cursor); return true;
            case "f": Cursor = TextSteps.FindNext(Text, Cursor); return true;
            case "d": Remove(Cursor, TextSteps.FindNext(Text, Cursor)); return true;
            case "u": Kill(TextSteps.FindLineStart(Text, Cursor), Cursor); return true;
            case "k": Kill(Cursor, TextSteps.FindLineEnd(Text, Cursor)); return true;
            case "w": Kill(TextSteps.FindArgumentStart(Text, Cursor), Cursor); return true;
            case "y": Insert(killed); return true;
            default: return false;
        }
    }

    private bool HandleAlt(string letter)
    {
        switch (letter)
        {
            case "b": Cursor = TextSteps.FindWordStart(Text, Cursor); return true;
            case "f": Cursor = TextSteps.FindWordEnd(Text, Cursor); return true;
            case "d": Kill(Cursor, TextSteps.FindWordEnd(Text, Cursor)); return true;
            default: return false;
        }
    }

    // False on the first or the last line, where the keys go through the history.
    private bool MoveLine(bool isUp)
    {
        var (start, end) = (TextSteps.FindLineStart(Text, Cursor), TextSteps.FindLineEnd(Text, Cursor));
        if (isUp ? start == 0 : end == Text.Length)
        {
            return false;
        }

        var target = isUp ? TextSteps.FindLineStart(Text, start - 1) : end + 1;
        Cursor = TextSteps.Snap(Text, Math.Min(target + Cursor - start, TextSteps.FindLineEnd(Text, target)));
        return true;
    }

    private void Kill(int from, int to)
    {
        if (to > from)
        {
            killed = Text[from..to];
        }

        Remove(from, to);
    }

    private void Remove(int from, int to) => Set(Text.Remove(from, to - from), from);

    // Drops the control characters that a paste may contain, except tabs and the ends of lines.
    private static string Clean(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        return string.Concat(text.ReplaceLineEndings("\n").Where(unit => unit is '\n' or '\t' || !char.IsControl(unit)));
    }
}
