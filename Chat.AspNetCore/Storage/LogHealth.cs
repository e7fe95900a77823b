namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// Whether a log can be read and written now. A problem is a sentence for the operator, and null while there is none. The log
/// sets it from what it meets, and looks by itself, about once a second, whether the problem is still there.
/// </summary>
internal sealed class LogHealth
{
    private string? readProblem;
    private string? writeProblem;

    /// <summary>Raised after a change, on any thread. The handler must neither block nor throw.</summary>
    public event Action? Changed;

    /// <summary>Why something of the log cannot be read.</summary>
    public string? ReadProblem => Volatile.Read(ref readProblem);

    /// <summary>Why the log takes no messages.</summary>
    public string? WriteProblem => Volatile.Read(ref writeProblem);

    public void SetRead(string? problem) => Set(ref readProblem, problem);

    public void SetWrite(string? problem) => Set(ref writeProblem, problem);

    private void Set(ref string? field, string? problem)
    {
        if (Interlocked.Exchange(ref field, problem) != problem)
        {
            Changed?.Invoke();
        }
    }
}
