using Microsoft.Extensions.Logging;

namespace Chat.Client;

/// <summary>Every line that the client writes to its log. None carries a text or a token.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Information, "Connected to {Address}.")]
    public static partial void Connected(this ILogger logger, string address);

    [LoggerMessage(2, LogLevel.Warning, "No connection ({Kind}): {Message}; coming back after {Delay}.")]
    public static partial void Reconnecting(this ILogger logger, ProblemKind kind, string message, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Error, "Halted ({Kind}): {Message}.")]
    public static partial void Halted(this ILogger logger, ProblemKind kind, string message);

    [LoggerMessage(4, LogLevel.Error, "{Message}.")]
    public static partial void StateWriteFailed(this ILogger logger, string message);

    [LoggerMessage(5, LogLevel.Critical, "The client ends with an error that nobody foresaw.")]
    public static partial void Unexpected(this ILogger logger, Exception error);
}
