using GrpcChat.Client;

namespace GrpcChat.ConsoleClient;

/// <summary>What people at the console are told about errors and about messages that are missing.</summary>
internal static class ErrorMessages
{
    // What the library advises an application to do, and what it means to the user of this one.
    private static readonly (string Library, string Here)[] Advice =
    [
        ("set a TokenProvider whose tokens the service accepts", "give a file with a token that the service accepts: --token-file FILE"),
        ("the TokenProvider must return another one", "put another one into the token file"),
        ("the TokenProvider failed: ", "cannot use the token file: "),
        (", or set StateName if the service has only moved", ""),
    ];

    /// <summary>The message, without the name of a parameter in the code.</summary>
    public static string Describe(Exception error) => error is ArgumentException { ParamName: { } name }
        ? error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
        : Translate(error.Message);

    /// <summary>What is wrong with the connection.</summary>
    public static string Describe(ConnectionProblem problem) => Translate(problem.Message);

    /// <summary>
    /// What is wrong with the connection. If nothing answers on this machine, the advice is how to start a service
    /// there.
    /// </summary>
    public static string Describe(ConnectionProblem problem, ChatClientOptions options)
    {
        if (problem.Kind == ProblemKind.StoreUnavailable)
        {
            return $"the service at {string.Join(", ", options.Addresses)} cannot store messages now; its disk may be full";
        }

        var advice = problem.Kind == ProblemKind.Unreachable ? GetStartAdvice(options.Addresses) : "";

        // In a message of the client, a semicolon separates what is wrong from its own advice.
        return advice.Length == 0 ? Describe(problem) : problem.Message.Split(';')[0] + advice;
    }

    /// <summary>Why a message of an earlier command with the same state file is not stored.</summary>
    public static string Describe(MessageRefused refused) =>
        $"'{refused.ClientOffset}', sent by an earlier command, was refused: {refused.Description}";

    /// <summary>That the service makes a message wait.</summary>
    public static string Describe(MessageDelayed delayed) =>
        $"the service makes room '{TerminalText.Escape(delayed.Room)}' wait: {delayed.Description}; "
        + $"sending goes on in {Math.Ceiling(delayed.RetryAfter.TotalSeconds):0} s";

    /// <summary>Which messages are missing.</summary>
    public static string Describe(RoomGap gap) => gap.AfterId == gap.LastId + 1
        ? $"the service no longer keeps message {gap.AfterId}"
        : $"the service no longer keeps messages {gap.LastId + 1} to {gap.AfterId}";

    /// <summary>That the messages before belong to a log that is gone.</summary>
    public static string Describe(RoomReset reset) => reset.LogId == reset.FormerLogId
        ? $"the service has an older copy of its log now, without message {reset.LastId}; its messages follow"
        : "the service has a different log now; its messages follow";

    /// <summary>
    /// How to start a service at an address. Empty for another machine, where it is not for this person to start, and for
    /// several nodes, which have a log in common.
    /// </summary>
    public static string GetStartAdvice(IReadOnlyList<string> addresses) => addresses is not [var address]
        || new Uri(address) is not { IsLoopback: true } uri
        ? ""
        : "; start a service: dotnet run --project Chat.Service"
            + (address == Settings.DefaultAddress ? "" : $" -- --listen {uri.Authority}");

    private static string Translate(string message) =>
        Advice.Aggregate(message, (text, advice) => text.Replace(advice.Library, advice.Here, StringComparison.Ordinal));
}
