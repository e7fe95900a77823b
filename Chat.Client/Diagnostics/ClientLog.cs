using Microsoft.Extensions.Logging;

namespace GrpcChat.Client;

/// <summary>The messages that the client logs. None contains a text or a token.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Information, "Connected to {Address}.")]
    public static partial void Connected(this ILogger logger, string address);

    [LoggerMessage(2, LogLevel.Warning, "No connection ({Kind}): {Message}; reconnecting after {Delay}.")]
    public static partial void Reconnecting(this ILogger logger, ProblemKind kind, string message, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Error, "Halted ({Kind}): {Message}.")]
    public static partial void Halted(this ILogger logger, ProblemKind kind, string message);

    [LoggerMessage(4, LogLevel.Error, "{Message}.")]
    public static partial void StateWriteFailed(this ILogger logger, string message);

    [LoggerMessage(5, LogLevel.Critical, "Unhandled exception; the client has stopped.")]
    public static partial void UnhandledException(this ILogger logger, Exception error);
}
