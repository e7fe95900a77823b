namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>A log as it is at one moment, also if a service writes to it meanwhile. Dispose of it.</summary>
internal interface ILogSnapshot : IDisposable
{
    string LogId { get; }

    /// <summary>In the byte order of their names.</summary>
    IReadOnlyList<LogRoom> Rooms { get; }

    /// <summary>How many messages the rooms say that there are.</summary>
    long Messages => Rooms.Sum(room => room.Messages);

    /// <summary>The messages of a room, by id.</summary>
    /// <exception cref="LogDamagedException">One is missing, or is not what was stored.</exception>
    IEnumerable<MessageRecord> ReadMessages(LogRoom room);

    /// <summary>The client offsets that outlive their messages, in the byte order of sender, client offset and room.</summary>
    IEnumerable<ClientOffsetRecord> ReadRetainedOffsets();
}

/// <summary>A room as the log has it.</summary>
/// <param name="RoomId">The number that its rows have.</param>
/// <param name="Name">Its name.</param>
/// <param name="Oldest">The oldest id that is kept.</param>
/// <param name="Head">The newest id.</param>
/// <param name="IsIntact">Whether this is what was stored.</param>
internal sealed record LogRoom(long RoomId, string Name, long Oldest, long Head, bool IsIntact = true)
{
    public long Messages => Math.Max(0, Head - Oldest + 1);
}
