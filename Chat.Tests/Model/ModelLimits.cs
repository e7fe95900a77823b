using GrpcChat.AspNetCore;

namespace GrpcChat.Tests.Model;

/// <summary>The limits of the model and its server. They are small, so that short sequences reach them.</summary>
internal sealed record ModelLimits
{
    public int MaxTextBytes { get; init; } = 64;

    public int MaxRoomsPerStream { get; init; } = 3;

    public int MaxRooms { get; init; } = 200_000;

    /// <summary>
    /// New rooms per sender in a minute. The model's minute never ends, and its server's clock does not move.
    /// </summary>
    public int MaxNewRoomsPerSender { get; init; } = 3;

    public void Set(ChatOptions options)
    {
        options.MaxTextBytes = MaxTextBytes;
        options.MaxRoomsPerStream = MaxRoomsPerStream;
        options.MaxRooms = MaxRooms;
        options.MaxNewRoomsPerSenderAndMinute = MaxNewRoomsPerSender;

        // This limit must not be visible to clients. So small a limit would show it.
        options.MaxUnackedSends = 4;
    }
}
