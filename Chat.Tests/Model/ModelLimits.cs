using Chat.AspNetCore;

namespace Chat.Tests.Model;

/// <summary>The limits that the model and its server share: small, so that short sequences meet them.</summary>
internal sealed record ModelLimits
{
    public int MaxTextBytes { get; init; } = 64;

    public int MaxRoomsPerStream { get; init; } = 3;

    public int MaxRooms { get; init; } = 200_000;

    /// <summary>New rooms of one sender in a minute; the model's minute never ends, and its server's clock stands still.</summary>
    public int MaxNewRoomsPerSender { get; init; } = 3;

    public void Set(ChatOptions options)
    {
        options.MaxTextBytes = MaxTextBytes;
        options.MaxRoomsPerStream = MaxRoomsPerStream;
        options.MaxRooms = MaxRooms;
        options.MaxNewRoomsPerSenderAndMinute = MaxNewRoomsPerSender;

        // Not seen from outside, which is what is checked with so small a number.
        options.MaxUnackedSends = 4;
    }
}
