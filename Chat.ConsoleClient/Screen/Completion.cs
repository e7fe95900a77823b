namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Completes the word before the cursor; the same key again shows the next candidate.</summary>
internal sealed class Completion
{
    private IReadOnlyList<string> candidates = [];
    private (string Text, int Cursor) shown;
    private int start, index;

    /// <summary>Shows the next candidate, or the one before.</summary>
    /// <param name="editor">The input.</param>
    /// <param name="find">Finds the candidates, given the line before the word, and the word.</param>
    /// <param name="step">1 or -1.</param>
    public void ShowNext(LineEditor editor, Func<string, string, IReadOnlyList<string>> find, int step)
    {
        if (shown != (editor.Text, editor.Cursor) || candidates.Count == 0)
        {
            var lineStart = TextSteps.FindLineStart(editor.Text, editor.Cursor);
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

    /// <summary>Another key was pressed: the candidate on display is chosen.</summary>
    public void Leave() => shown = ("", -1);
}
