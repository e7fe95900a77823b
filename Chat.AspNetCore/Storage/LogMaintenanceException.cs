namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// A backup, a restore, an export or an import was not made, and left nothing behind. Or a change of the log ended early; what was
/// done until then stays done. The message says why, with the path, and what to do.
/// </summary>
public sealed class LogMaintenanceException : Exception
{
    internal LogMaintenanceException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
