namespace Chat.Client.Connecting;

/// <summary>How an attempt ended: what is wrong, and what that means for the next one.</summary>
/// <param name="Kind">What kind of problem it is.</param>
/// <param name="Sentence">What happened, in a sentence.</param>
internal sealed record StreamEnd(ProblemKind Kind, string Sentence)
{
    /// <summary>Coming back is of no use.</summary>
    public bool IsFinal { get; init; }

    /// <summary>The service wants no attempt earlier than after this.</summary>
    public TimeSpan AtLeast { get; init; }

    /// <summary>The service can't store: come back at once to read, and hold sends for this long.</summary>
    public TimeSpan? HoldSends { get; init; }
}
