namespace Chat.Client.Connecting;

/// <summary>How an attempt ended: what is wrong, and what that means for the next one.</summary>
/// <param name="Kind">What kind of problem it is.</param>
/// <param name="Message">What happened, in a sentence.</param>
internal sealed record StreamEnd(ProblemKind Kind, string Message)
{
    // What a service asks for beyond that, no timer takes, and no person waits for.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);
    private readonly TimeSpan atLeast;
    private readonly TimeSpan? holdSends;

    /// <summary>Coming back is of no use.</summary>
    public bool IsFinal { get; init; }

    /// <summary>The service wants no attempt earlier than after this.</summary>
    public TimeSpan AtLeast
    {
        get => atLeast;
        init => atLeast = value < Longest ? value : Longest;
    }

    /// <summary>The service can't store: come back at once to read, and hold sends for this long.</summary>
    public TimeSpan? HoldSends
    {
        get => holdSends;
        init => holdSends = value < Longest || value is null ? value : Longest;
    }
}
