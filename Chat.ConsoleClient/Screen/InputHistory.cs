namespace GrpcChat.ConsoleClient.Screen;

/// <summary>The inputs that were submitted or given up, and the draft that was left to look at them.</summary>
internal sealed class InputHistory
{
    private const int Limit = 500; // Nobody goes back further one by one.
    private readonly LinkedList<string> lines = [];
    private LinkedListNode<string>? shown;
    private string draft = "";

    /// <summary>Adds an input that was submitted.</summary>
    public void Add(string text)
    {
        Leave();
        Append(text);
    }

    /// <summary>Adds an input that was given up, unless it is the one on display.</summary>
    public void Keep(string text)
    {
        var isShown = shown?.Value == text;
        Leave();
        Append(isShown ? "" : text);
    }

    /// <summary>Goes back by one; null if there is none.</summary>
    public string? GetOlder(string current)
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

    /// <summary>Goes forward by one, in the end to the draft; null if the draft is shown already.</summary>
    public string? GetNewer()
    {
        if (shown is null)
        {
            return null;
        }

        shown = shown.Next;
        return shown?.Value ?? draft;
    }

    /// <summary>The input was changed, and is a draft of its own now. The draft before it is kept.</summary>
    public void Leave()
    {
        if (shown is null)
        {
            return;
        }

        shown = null;
        Append(draft);
    }

    private void Append(string text)
    {
        if (string.IsNullOrWhiteSpace(text) || lines.Last?.Value == text)
        {
            return;
        }

        lines.AddLast(text);
        if (lines.Count > Limit)
        {
            lines.RemoveFirst();
        }
    }
}
