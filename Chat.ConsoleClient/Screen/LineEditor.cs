namespace Chat.ConsoleClient.Screen;

/// <summary>
/// The text that is being written, and the cursor in it. A paste of several lines stays several lines, each of which is sent
/// as a message of its own: as the pipe does it, within the limit of a text, and readable where newlines are escaped.
/// </summary>
internal sealed class LineEditor
{
    /// <summary>In UTF-16 code units. It is laid out anew with each key; what exceeds it is not taken.</summary>
    public const int MaxLength = 65_536;

    private string killed = "";

    public string Text { get; private set; } = "";

    public int Cursor { get; private set; }

    public void Set(string text) => Set(text, text.Length);

    public void Set(string text, int cursor) => (Text, Cursor) = (text, TextSteps.Snap(text, cursor));

    /// <summary>Puts a text at the cursor. False where it is too long to be taken as a whole; then nothing is.</summary>
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

    /// <summary>Does what a key of line editing says. False where it is none.</summary>
    public bool Take(Key key)
    {
        var isWord = (key.Modifiers & (KeyModifiers.Control | KeyModifiers.Alt)) != 0;
        switch (key.Name)
        {
            case KeyName.Left when isWord: Cursor = TextSteps.WordStart(Text, Cursor); return true;
            case KeyName.Left: Cursor = TextSteps.Previous(Text, Cursor); return true;
            case KeyName.Right when isWord: Cursor = TextSteps.WordEnd(Text, Cursor); return true;
            case KeyName.Right: Cursor = TextSteps.Next(Text, Cursor); return true;
            case KeyName.Home: Cursor = TextSteps.LineStart(Text, Cursor); return true;
            case KeyName.End: Cursor = TextSteps.LineEnd(Text, Cursor); return true;
            case KeyName.Backspace when isWord: Kill(TextSteps.WordStart(Text, Cursor), Cursor); return true;
            case KeyName.Backspace: Remove(TextSteps.Previous(Text, Cursor), Cursor); return true;
            case KeyName.Delete when isWord: Kill(Cursor, TextSteps.WordEnd(Text, Cursor)); return true;
            case KeyName.Delete: Remove(Cursor, TextSteps.Next(Text, Cursor)); return true;
            case KeyName.Up or KeyName.Down: return MoveLine(key.Name == KeyName.Up);
            case KeyName.Character when key.Modifiers == KeyModifiers.Control: return TakeControl(key.Text);
            case KeyName.Character when key.Modifiers == KeyModifiers.Alt: return TakeAlt(key.Text);
            default: return false;
        }
    }

    private bool TakeControl(string letter)
    {
        switch (letter)
        {
            case "a": Cursor = TextSteps.LineStart(Text, Cursor); return true;
            case "e": Cursor = TextSteps.LineEnd(Text, Cursor); return true;
            case "b": Cursor = TextSteps.Previous(Text, Cursor); return true;
            case "f": Cursor = TextSteps.Next(Text, Cursor); return true;
            case "d": Remove(Cursor, TextSteps.Next(Text, Cursor)); return true;
            case "u": Kill(TextSteps.LineStart(Text, Cursor), Cursor); return true;
            case "k": Kill(Cursor, TextSteps.LineEnd(Text, Cursor)); return true;
            case "w": Kill(TextSteps.ArgumentStart(Text, Cursor), Cursor); return true;
            case "y": Insert(killed); return true;
            default: return false;
        }
    }

    private bool TakeAlt(string letter)
    {
        switch (letter)
        {
            case "b": Cursor = TextSteps.WordStart(Text, Cursor); return true;
            case "f": Cursor = TextSteps.WordEnd(Text, Cursor); return true;
            case "d": Kill(Cursor, TextSteps.WordEnd(Text, Cursor)); return true;
            default: return false;
        }
    }

    // False on the first or the last line: there the keys mean what was sent before.
    private bool MoveLine(bool isUp)
    {
        var (start, end) = (TextSteps.LineStart(Text, Cursor), TextSteps.LineEnd(Text, Cursor));
        if (isUp ? start == 0 : end == Text.Length)
        {
            return false;
        }

        var target = isUp ? TextSteps.LineStart(Text, start - 1) : end + 1;
        Cursor = TextSteps.Snap(Text, Math.Min(target + Cursor - start, TextSteps.LineEnd(Text, target)));
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

    // Nobody means to send the controls that a paste may carry; a tab and the ends of lines are meant.
    private static string Clean(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        return string.Concat(text.ReplaceLineEndings("\n").Where(unit => unit is '\n' or '\t' || !char.IsControl(unit)));
    }
}
