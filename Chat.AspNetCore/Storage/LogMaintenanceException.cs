namespace GrpcChat.AspNetCore.Storage;

/// <summary>
/// A backup, a restore, an export or an import was not made, and left nothing behind. The message says why, with the path,
/// and what to do.
/// </summary>
public sealed class LogMaintenanceException : Exception
{
    internal LogMaintenanceException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
