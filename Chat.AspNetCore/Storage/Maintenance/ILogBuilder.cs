namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>A log that is being made. Until it is complete, there is none; disposed of before, it leaves nothing behind.</summary>
internal interface ILogBuilder : IDisposable
{
    /// <summary>A new room_id, for messages that are added before or after their room.</summary>
    long NewRoomId();

    /// <exception cref="FormatException">The log cannot have so many messages in a room.</exception>
    void AddRoom(long roomId, string name, long oldest, long head);

    /// <summary>Adds a message and its client offset.</summary>
    /// <returns>
    /// False if the sender is known to have used the client offset in this room: nothing was added. It may be found out later: then
    /// what follows fails.
    /// </returns>
    /// <exception cref="LogMaintenanceException">Something that was added before is not possible.</exception>
    bool TryAddMessage(
        long roomId, long id, string sender, long sentAt, string clientOffset, ReadOnlySpan<byte> text, bool isErased = false);

    /// <summary>Adds a client offset that outlives its message. The result is that of <see cref="TryAddMessage"/>.</summary>
    /// <exception cref="LogMaintenanceException">Something that was added before is not possible.</exception>
    bool TryAddOffset(long roomId, long id, string sender, string clientOffset, UInt128 contentHash);

    /// <summary>Reads everything back, and makes it the log.</summary>
    /// <exception cref="LogMaintenanceException">Something is wrong with it.</exception>
    LogSummary Complete(Work work);
}
