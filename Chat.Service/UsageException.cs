namespace GrpcChat.Service;

/// <summary>
/// An argument, an option or the configuration file is wrong. The message is for the person who starts the service.
/// </summary>
internal sealed class UsageException(string message, Exception? inner = null) : Exception(message, inner);
