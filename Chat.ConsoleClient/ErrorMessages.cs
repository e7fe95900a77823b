using Chat.Client;

namespace Chat.ConsoleClient;

/// <summary>What people at the console are told about errors and about messages that are missing.</summary>
internal static class ErrorMessages
{
    /// <summary>The message, without the name of a parameter in the code.</summary>
    public static string Describe(Exception error) => error is ArgumentException { ParamName: { } name }
        ? error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
        : error.Message;

    /// <summary>What is wrong with the connection and, if nothing answers, how to start a service.</summary>
    public static string Describe(ConnectionProblem problem, ChatClientOptions options) =>
        problem.Kind == ProblemKind.Unreachable ? problem.Message + GetStartAdvice(options.Addresses[0]) : problem.Message;

    /// <summary>Which messages are missing.</summary>
    public static string Describe(RoomGap gap) => gap.AfterId == gap.LastId + 1
        ? $"the service no longer keeps message {gap.AfterId}"
        : $"the service no longer keeps messages {gap.LastId + 1} to {gap.AfterId}";

    /// <summary>That the messages before belong to a log that is gone.</summary>
    public static string Describe(RoomReset _) => "the service has a different log now; its messages follow";

    /// <summary>How to start a service at an address. Empty for another machine, where it is not for this person to start.</summary>
    public static string GetStartAdvice(string address) => new Uri(address) is not { IsLoopback: true } uri
        ? ""
        : "; start a service: dotnet run --project Chat.Service"
            + (address == Settings.DefaultAddress ? "" : $" -- --listen {uri.Authority}");
}
