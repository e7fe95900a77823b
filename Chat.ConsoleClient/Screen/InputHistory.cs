namespace GrpcChat.ConsoleClient.Screen;

/// <summary>The inputs that were submitted, and the draft that was left to look at them.</summary>
internal sealed class InputHistory
{
    private const int Limit = 500; // Nobody goes back further one by one.
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

    /// <summary>The input was changed: it is a draft of its own now.</summary>
    public void Leave() => shown = null;
}
