using Chat.AspNetCore.Storage.GroupCommit;

namespace Chat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Where a message lies in the table: the room in the upper bits and its id in the lower 40, so that a room's messages
/// are neighbours in id order. Space for 8 million rooms of 10^12 messages each.
/// </summary>
internal static class MessagePosition
{
    public const int IdBits = 40;

    public static long Of(RoomState room, long id) => (room.RoomId << IdBits) | id;

    public static long IdOf(long position) => position & ((1L << IdBits) - 1);
}
