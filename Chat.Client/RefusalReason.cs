namespace GrpcChat.Client;

/// <summary>
/// Why the service refused a message or a room. A newer service may send values that are not listed here.
/// </summary>
public enum RefusalReason
{
    /// <summary>The service gave no reason, or it was the application that left the room.</summary>
    Unspecified = 0,

    /// <summary>The room, client offset, text or position is malformed.</summary>
    Invalid = 1,

    /// <summary>The text is larger than the service accepts.</summary>
    TooLarge = 2,

    /// <summary>The client offset was used before, with a different text.</summary>
    OffsetReused = 3,

    /// <summary>The caller may not read or post in the room.</summary>
    Forbidden = 4,

    /// <summary>Too many rooms, on this connection or in all, or too many new ones per minute.</summary>
    Limit = 5,
}
