using Chat.Client;

namespace Chat.ConsoleClient;

/// <summary>What people at the console are told about an error.</summary>
internal static class ErrorMessages
{
    /// <summary>The message, without the name of a parameter in the code.</summary>
    public static string Of(Exception error) => error is ArgumentException { ParamName: { } name }
        ? error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
        : error.Message;

    /// <summary>What is wrong with the connection and, if nothing answers, how to start a service. Null if nothing is wrong.</summary>
    public static string? Of(ConnectionProblem? problem, ChatClientOptions options) =>
        problem?.Kind == ProblemKind.Unreachable ? problem.Message + HowToStart(options.Addresses[0]) : problem?.Message;

    /// <summary>How to start a service at an address. Empty for another machine, where it is not for this person to start.</summary>
    public static string HowToStart(string address) => new Uri(address) is not { IsLoopback: true } uri
        ? ""
        : "; start a service: dotnet run --project Chat.Service"
            + (address == Settings.DefaultAddress ? "" : $" -- --listen {uri.Authority}");
}
