namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Completes the word before the cursor; the same key again shows the next candidate. While a room is being named, it
/// has the names of all rooms loaded.
/// </summary>
internal sealed class Completion(ScreenModel model)
{
    private IReadOnlyList<string> candidates = [];
    private (string Text, int Cursor) shown;
    private (string Text, int Cursor, int Step)? waiting; // For the names, since this input and key.
    private string before = "", word = "";
    private int start, index;
    private Names names;

    // Whether the names for the current input are loaded.
    private enum Names
    {
        NotNeeded,
        Loading,
        Loaded,
        Failed,
    }

    /// <summary>Shows the next candidate, or the one before.</summary>
    /// <param name="step">1 or -1.</param>
    public void ShowNext(int step)
    {
        var editor = model.Input;
        if (names == Names.Failed)
        {
            Load();
        }

        if (shown != (editor.Text, editor.Cursor) || candidates.Count == 0)
        {
            var lineStart = TextSteps.FindLineStart(editor.Text, editor.Cursor);
            start = editor.Cursor;
            while (start > lineStart && !char.IsWhiteSpace(editor.Text[start - 1]))
            {
                start--;
            }

            (before, word) = (editor.Text[lineStart..start], editor.Text[start..editor.Cursor]);
            candidates = Candidates.Find(model, before, word);
            index = step > 0 ? -1 : 0;
        }

        if (candidates.Count == 0)
        {
            waiting = names == Names.Loading ? (editor.Text, editor.Cursor, step) : null;
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
    public void Leave()
    {
        (shown, waiting) = (("", -1), null);
        if (!Candidates.NeedsRooms(model.Input.Text))
        {
            names = Names.NotNeeded;
        }
        else if (names == Names.NotNeeded)
        {
            Load();
        }
    }

    /// <summary>The names of the rooms have arrived.</summary>
    public void OnNames()
    {
        names = Names.Loaded;
        if (waiting is { } key && (key.Text, key.Cursor) == (model.Input.Text, model.Input.Cursor))
        {
            ShowNext(key.Step);
        }
        else if (shown == (model.Input.Text, model.Input.Cursor) && candidates.Count > 0)
        {
            var chosen = candidates[index];
            candidates = Candidates.Find(model, before, word);
            index = Math.Max(0, candidates.ToList().IndexOf(chosen));
        }

        waiting = null;
    }

    /// <summary>The names of the rooms could not be loaded. True if the user waits for them.</summary>
    public bool OnNoNames()
    {
        names = Names.Failed;
        var isMissed = waiting is not null;
        waiting = null;
        return isMissed;
    }

    private void Load()
    {
        names = Names.Loading;
        model.Request(new ListRooms(IsForUser: false));
    }
}
