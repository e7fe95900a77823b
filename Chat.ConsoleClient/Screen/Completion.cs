namespace Chat.ConsoleClient.Screen;

/// <summary>Completes the word before the cursor; the same key again shows the next candidate.</summary>
internal sealed class Completion
{
    private IReadOnlyList<string> candidates = [];
    private (string Text, int Cursor) shown;
    private int start, index;

    /// <summary>The next candidate, or the one before.</summary>
    /// <param name="editor">The line.</param>
    /// <param name="find">The candidates for what stands before the word, and for the word.</param>
    /// <param name="step">1 or -1.</param>
    public void Next(LineEditor editor, Func<string, string, IReadOnlyList<string>> find, int step)
    {
        if (shown != (editor.Text, editor.Cursor) || candidates.Count == 0)
        {
            var lineStart = TextSteps.LineStart(editor.Text, editor.Cursor);
            start = editor.Cursor;
            while (start > lineStart && !char.IsWhiteSpace(editor.Text[start - 1]))
            {
                start--;
            }

            candidates = find(editor.Text[lineStart..start], editor.Text[start..editor.Cursor]);
            index = step > 0 ? -1 : 0;
        }

        if (candidates.Count == 0)
        {
            return;
        }

        index = (index + step + candidates.Count) % candidates.Count;
        var chosen = candidates[index];
        var text = string.Concat(editor.Text.AsSpan(0, start), chosen, editor.Text.AsSpan(editor.Cursor));
        if (text.Length > LineEditor.MaxLength)
        {
            return;
        }

        editor.Set(text, start + chosen.Length);
        shown = (editor.Text, editor.Cursor);
    }

    /// <summary>Another key was pressed: what is shown is a word like any other.</summary>
    public void Leave() => shown = ("", -1);
}
