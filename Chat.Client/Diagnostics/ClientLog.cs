using Microsoft.Extensions.Logging;

namespace Chat.Client;

/// <summary>Every line that the client writes to its log. None carries a text or a token.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Information, "Connected to {Address}.")]
    public static partial void Connected(this ILogger logger, string address);

    [LoggerMessage(2, LogLevel.Warning, "No connection ({Kind}): {Sentence}; coming back after {Delay}.")]
    public static partial void WillComeBack(this ILogger logger, ProblemKind kind, string sentence, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Error, "Halted ({Kind}): {Sentence}.")]
    public static partial void Halted(this ILogger logger, ProblemKind kind, string sentence);

    [LoggerMessage(4, LogLevel.Error, "{Sentence}.")]
    public static partial void StateNotWritten(this ILogger logger, string sentence);

    [LoggerMessage(5, LogLevel.Critical, "The client ends with an error that nobody foresaw.")]
    public static partial void Unexpected(this ILogger logger, Exception error);
}
