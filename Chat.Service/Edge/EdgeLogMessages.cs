namespace GrpcChat.Service.Edge;

/// <summary>What the service logs about its files for TLS and tokens.</summary>
internal static partial class EdgeLogMessages
{
    [LoggerMessage(101, LogLevel.Error, "{Problem}")]
    public static partial void FileNotReloaded(this ILogger logger, string problem);
}
