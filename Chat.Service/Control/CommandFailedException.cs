namespace GrpcChat.Service.Control;

/// <summary>A command that changes the log failed, mostly in the running service. The message is for people.</summary>
internal sealed class CommandFailedException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
