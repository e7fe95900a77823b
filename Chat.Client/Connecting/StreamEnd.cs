using GrpcChat.Client.Delivery;

namespace GrpcChat.Client.Connecting;

/// <summary>How an attempt ended, and what follows for the next one.</summary>
/// <param name="Kind">The kind of problem.</param>
/// <param name="Message">What happened and what to do, for people.</param>
internal sealed record StreamEnd(ProblemKind Kind, string Message)
{
    private readonly TimeSpan atLeast;
    private readonly TimeSpan? holdSends;

    /// <summary>The client has ended the stream itself, to go on at once with another token.</summary>
    public static StreamEnd Moving { get; } = new(ProblemKind.EndedByService, "the client moves to another token");

    /// <summary>The failure is permanent: another attempt would fail, too.</summary>
    public bool IsFinal { get; init; }

    /// <summary>Another token may be accepted.</summary>
    public bool CanTokenHelp { get; init; }

    /// <summary>The shortest delay that the service asks for.</summary>
    public TimeSpan AtLeast
    {
        get => atLeast;
        init => atLeast = value < MessageForms.LongestWait ? value : MessageForms.LongestWait;
    }

    /// <summary>The service can't store messages: reconnect at once to read, and send nothing for this long.</summary>
    public TimeSpan? HoldSends
    {
        get => holdSends;
        init => holdSends = value < MessageForms.LongestWait || value is null ? value : MessageForms.LongestWait;
    }
}
