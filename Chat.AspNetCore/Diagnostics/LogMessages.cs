using GrpcChat.AspNetCore.Connections;

namespace GrpcChat.AspNetCore.Diagnostics;

/// <summary>
/// Every line that the service logs. None carries the text of a message, a token or a metadata value.
/// </summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Debug, "The client at {Peer} is gone.")]
    public static partial void ClientAborted(this ILogger logger, string peer);

    [LoggerMessage(
        2, LogLevel.Information, "The client at {Peer} read nothing within {Limit}. Its stream was reset.")]
    public static partial void ClientTimedOut(this ILogger logger, string peer, string limit);

    [LoggerMessage(
        3, LogLevel.Warning, "Ended the call of {Peer}, which can repeat it: {Reason}.")]
    public static partial void StoreUnavailable(this ILogger logger, string peer, string reason);

    [LoggerMessage(4, LogLevel.Critical, "The log is damaged: {Reason}. Restore it from a backup.")]
    public static partial void LogDamaged(this ILogger logger, string reason);

    [LoggerMessage(7, LogLevel.Information, "Refused a call of {Peer}: {Reason}.")]
    public static partial void Refused(this ILogger logger, string peer, string reason);

    [LoggerMessage(9, LogLevel.Warning, "The credentials of {Peer} cannot be checked now: {Reason}")]
    public static partial void AuthenticationUnavailable(this ILogger logger, string peer, string reason);

    [LoggerMessage(
        8, LogLevel.Error, "The list of blocked senders cannot be read, so it stays as it was: {Reason}")]
    public static partial void BlockedSendersUnreadable(this ILogger logger, string reason);

    [LoggerMessage(10, LogLevel.Warning, "The log takes no messages: {Reason}.")]
    public static partial void LogNotWritable(this ILogger logger, string reason);

    [LoggerMessage(11, LogLevel.Warning, "The log cannot be read: {Reason}.")]
    public static partial void LogNotReadable(this ILogger logger, string reason);

    [LoggerMessage(12, LogLevel.Information, "The log can be read and written again.")]
    public static partial void LogUsableAgain(this ILogger logger);

    [LoggerMessage(
        13,
        LogLevel.Warning,
        "Closed the connection of {Peer}, which floods it with HTTP/2 frames of the kind {Kind}: more than {Limit} a second "
        + "(MaxControlFramesPerSecond).")]
    public static partial void Flooded(this ILogger logger, string peer, FrameKind kind, int limit);

    [LoggerMessage(14, LogLevel.Information, "Removed {Messages} old messages; rooms: {Rooms}.")]
    public static partial void Trimmed(this ILogger logger, long messages, int rooms);

    [LoggerMessage(15, LogLevel.Warning, "Old messages stay: {Reason}. The next attempt is in {Interval}.")]
    public static partial void RetentionFailed(this ILogger logger, string reason, TimeSpan interval);

    [LoggerMessage(16, LogLevel.Warning, "A read replica is not used: {Reason}. The primary is read instead.")]
    public static partial void ReadReplicaLeftOut(this ILogger logger, string reason);

    [LoggerMessage(17, LogLevel.Information, "The read replica is used again: {Location}.")]
    public static partial void ReadReplicaUsed(this ILogger logger, string location);

    [LoggerMessage(5, LogLevel.Error, "A call ended with an unhandled exception.")]
    public static partial void UnhandledException(this ILogger logger, Exception error);

    [LoggerMessage(
        6,
        LogLevel.Critical,
        "The log cannot be written, and whether the last batch was stored is unknown. The service stops. Start it again: "
        + "clients repeat every send that was not answered.")]
    public static partial void LogBroken(this ILogger logger, Exception error);
}
