using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>What a client says when it opens a stream: who it is, which room it joins first, and from where.</summary>
/// <param name="Sender">The name that its messages carry.</param>
/// <param name="FirstRoom">The room to join first, which is also that of sends that name none. Null = none.</param>
/// <param name="Position">Where the first join starts.</param>
internal sealed record SessionStart(string Sender, string? FirstRoom, StartPosition Position)
{
    private const string DefaultRoom = "lobby";
    private const string NoRoom = "-";
    private const string Latest = "latest";
    private const int MaxLogIdLength = 128;

    /// <summary>Reads the metadata of a stream.</summary>
    /// <exception cref="InvalidMetadataException">A value is malformed, repeated or out of range.</exception>
    public static SessionStart Parse(CallMetadata metadata)
    {
        var room = metadata.One("room") ?? DefaultRoom;
        if (room != NoRoom && !Names.IsRoom(room))
        {
            throw new InvalidMetadataException("room", room, $"{Names.RoomForm}, or '-' for none");
        }

        var lastSeen = metadata.One("last-seen-id");
        var position = new StartPosition
        {
            AfterId = lastSeen switch
            {
                null => null,
                Latest => StartPosition.Latest,
                _ => CallMetadata.Number("last-seen-id", lastSeen, long.MaxValue, ", or 'latest'"),
            },
            LogId = LogId(metadata.One("log-id") ?? "", isUsed: lastSeen is not null),
            ReplayLimit = metadata.One("replay-limit") is { } limit
                ? (int)CallMetadata.Number("replay-limit", limit, int.MaxValue)
                : 0,
        };
        return new SessionStart(metadata.Sender, room == NoRoom ? null : room, position);
    }

    // Most clients join the values of a repeated key with commas, so a comma is a sign of repetition.
    private static string LogId(string logId, bool isUsed) =>
        !isUsed || (logId.Length <= MaxLogIdLength
            && !logId.AsSpan().ContainsAnyExceptInRange('!', '~')
            && !logId.Contains(','))
            ? logId
            : throw new InvalidMetadataException(
                "log-id", logId, $"at most {MaxLogIdLength} visible ASCII characters without commas, given once");
}
