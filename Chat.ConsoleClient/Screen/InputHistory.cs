namespace Chat.ConsoleClient.Screen;

/// <summary>What was sent or asked for before, and the draft to which one comes back after looking at it.</summary>
internal sealed class InputHistory
{
    private const int Limit = 500; // As many as anybody goes back one by one.
    private readonly LinkedList<string> lines = [];
    private LinkedListNode<string>? shown;
    private string draft = "";

    public void Add(string text)
    {
        shown = null;
        if (lines.Last?.Value != text)
        {
            lines.AddLast(text);
        }

        if (lines.Count > Limit)
        {
            lines.RemoveFirst();
        }
    }

    /// <summary>One back, in place of what is being written; null where there is none.</summary>
    public string? Older(string current)
    {
        var older = shown is null ? lines.Last : shown.Previous;
        if (older is null)
        {
            return null;
        }

        if (shown is null)
        {
            draft = current;
        }

        shown = older;
        return older.Value;
    }

    /// <summary>One forward, at last the draft; null where nothing older is shown.</summary>
    public string? Newer()
    {
        if (shown is null)
        {
            return null;
        }

        shown = shown.Next;
        return shown?.Value ?? draft;
    }

    /// <summary>What is shown is a draft of its own now.</summary>
    public void Leave() => shown = null;
}
