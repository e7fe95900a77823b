namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// A call has no valid credentials. The message is for the caller, and carries nothing of its credentials.
/// </summary>
internal sealed class UnauthenticatedException(string message) : Exception(message);

/// <summary>Credentials cannot be checked now. The cause is for the service's operator.</summary>
internal sealed class AuthenticationUnavailableException(Exception inner)
    : Exception("credentials cannot be checked now; retry a little later", inner);

/// <summary>The sender has as many streams open as it may have.</summary>
internal sealed class TooManyStreamsException(int max)
    : Exception($"a sender may have at most {max} streams; end one, or join more rooms on the streams that are open");

/// <summary>An operator has blocked the sender.</summary>
internal sealed class SenderBlockedException() : Exception("you are blocked here; ask the service's operator");
