namespace Chat.AspNetCore.Diagnostics;

/// <summary>Every line that the service writes to its log. None carries a text, a token or a metadata value.</summary>
internal static partial class ServiceLog
{
    [LoggerMessage(1, LogLevel.Debug, "The client at {Peer} is gone.")]
    public static partial void ClientGone(this ILogger logger, string peer);

    [LoggerMessage(2, LogLevel.Information, "The client at {Peer} took nothing for as long as the limit on {What} allows: its stream was reset.")]
    public static partial void ClientGivenUp(this ILogger logger, string peer, string what);

    [LoggerMessage(3, LogLevel.Warning, "The stream of {Peer} was ended to be resumed: {Why}.")]
    public static partial void StoreUnavailable(this ILogger logger, string peer, string why);

    [LoggerMessage(4, LogLevel.Critical, "The log is damaged: {What}. Restore it from a backup.")]
    public static partial void LogDamaged(this ILogger logger, string what);

    [LoggerMessage(5, LogLevel.Error, "A stream ended with an error that nobody foresaw.")]
    public static partial void Unexpected(this ILogger logger, Exception error);

    [LoggerMessage(6, LogLevel.Critical, "The log can't be written and nobody knows what the last batch left behind; the service ends. Start it again: clients repeat what was not answered.")]
    public static partial void LogBroken(this ILogger logger, Exception error);
}
