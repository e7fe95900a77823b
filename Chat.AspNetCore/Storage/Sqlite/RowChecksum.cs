using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// The checksums of rows. They are stored with the rows and compared whenever a row is read: SQLite itself does not notice
/// that a bit of the database has changed. Each is 32 bits of XXH3 over the numbers, the lengths of the texts, and the texts.
/// </summary>
internal static class RowChecksum
{
    // Enough for a message of usual size.
    private const int ScratchBytes = 1024;

    // What is hashed must be in one piece. Memory on the stack would be cleared for each row.
    [ThreadStatic]
    private static byte[]? scratch;

    public static long OfMessage(
        long position, ReadOnlySpan<byte> sender, long sentAt, ReadOnlySpan<byte> clientOffset, ReadOnlySpan<byte> text) =>
        Of([position, sentAt, sender.Length, clientOffset.Length], sender, clientOffset, text);

    /// <summary>
    /// The same for a message that may be erased. One number more is hashed then, so the checksums of all other messages stay
    /// what they were before messages could be erased.
    /// </summary>
    public static long OfMessage(
        long position,
        ReadOnlySpan<byte> sender,
        long sentAt,
        ReadOnlySpan<byte> clientOffset,
        ReadOnlySpan<byte> text,
        bool isErased) => isErased
        ? Of([position, sentAt, sender.Length, clientOffset.Length, 1], sender, clientOffset, text)
        : OfMessage(position, sender, sentAt, clientOffset, text);

    public static long OfRoom(long roomId, ReadOnlySpan<byte> name, long oldest, long head) =>
        Of([roomId, oldest, head], name, [], []);

    public static long OfClientOffset(
        long roomId, long senderId, ReadOnlySpan<byte> clientOffset, long id, ReadOnlySpan<byte> contentHash) =>
        Of([roomId, senderId, id, contentHash.Length], contentHash, clientOffset, []);

    /// <summary>
    /// Adds the functions <c>message_checksum</c>, <c>room_checksum</c> and <c>client_offset_checksum</c> to a connection, for
    /// statements that write many rows. Texts are passed as blobs.
    /// </summary>
    public static void AddFunctions(SqliteConnection connection)
    {
        connection.CreateFunction<long, byte[]?, long, byte[]?, byte[]?, long?, long>(
            "message_checksum",
            (position, sender, sentAt, clientOffset, text, erased) =>
                OfMessage(position, sender, sentAt, clientOffset, text, isErased: erased is not (null or 0)),
            isDeterministic: true);
        connection.CreateFunction<long, byte[]?, long, long, long>(
            "room_checksum", (roomId, name, oldest, head) => OfRoom(roomId, name, oldest, head), isDeterministic: true);
        connection.CreateFunction<long, long, byte[]?, long, byte[]?, long>(
            "client_offset_checksum",
            (roomId, senderId, clientOffset, id, hash) => OfClientOffset(roomId, senderId, clientOffset, id, hash),
            isDeterministic: true);
    }

    private static long Of(
        ReadOnlySpan<long> numbers, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        var numberBytes = numbers.Length * sizeof(long);
        var length = numberBytes + first.Length + second.Length + third.Length;
        if (scratch is not { } known || known.Length < length)
        {
            scratch = known = new byte[Math.Max(length, ScratchBytes)];
        }

        var bytes = known.AsSpan(0, length);
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes[(i * sizeof(long))..], numbers[i]);
        }

        var rest = bytes[numberBytes..];
        first.CopyTo(rest);
        second.CopyTo(rest[first.Length..]);
        third.CopyTo(rest[(first.Length + second.Length)..]);

        // Twice as many bits would be felt in the size of the rows.
        return unchecked((int)XxHash3.HashToUInt64(bytes));
    }
}
