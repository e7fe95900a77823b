using System.Buffers.Binary;
using GrpcChat.AspNetCore.Storage.Maintenance;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>Repairs the client offsets of a log by its messages, within a transaction.</summary>
/// <param name="connection">Writes.</param>
/// <param name="rooms">The rooms by their numbers, as far as they are repaired.</param>
/// <param name="onRepaired">Is told each repair, a line of text.</param>
internal sealed class ClientOffsetRepair(
    SqliteConnection connection, IReadOnlyDictionary<long, LogRoom> rooms, Action<string> onRepaired)
{
    private const int RowsPerPage = 1000;

    /// <summary>Writes what is missing or damaged.</summary>
    /// <returns>Whether all messages of all rooms are there and intact.</returns>
    public bool Run(Work work)
    {
        var isComplete = true;
        var (after, row, total) = (0L, 0L, rooms.Values.Sum(room => room.Messages));
        for (var more = true; more;)
        {
            var page = ReadPage(after);
            more = page.Count == RowsPerPage;
            foreach (var message in page)
            {
                work.Count(row++, total);
                after = message.Position;
                isComplete &= message.IsIntact;
                if (message.IsIntact)
                {
                    Repair(message);
                }
            }
        }

        return isComplete && row == total;
    }

    private List<KeptMessage> ReadPage(long after)
    {
        var page = new List<KeptMessage>(RowsPerPage);
        using var messages = KeptMessages.Select(connection);
        messages.Bind(1, after).Bind(2, long.MaxValue);
        while (page.Count < RowsPerPage && messages.Step())
        {
            var isIntact = KeptMessages.IsIntact(messages)
                && rooms.TryGetValue(SqliteSchema.RoomIdOf(messages.Int64(0)), out var room)
                && SqliteSchema.IdOf(messages.Int64(0)) is var id && id >= room.Oldest && id <= room.Head && room.IsIntact;
            page.Add(new KeptMessage(
                messages.Int64(0),
                messages.Int64(7),
                messages.Bytes(3).ToArray(),
                messages.Int64(6) != 0 ? Append.ErasedHash : Append.HashOf(messages.Bytes(4)),
                isIntact));
        }

        return page;
    }

    // A row that is what was stored is right, also if the message says otherwise.
    private void Repair(KeptMessage message)
    {
        var (roomId, id) = (SqliteSchema.RoomIdOf(message.Position), SqliteSchema.IdOf(message.Position));
        using var stored = new SqliteStatement(
            connection, "SELECT id, content_hash, checksum FROM sent_key WHERE sender_id = ? AND client_offset = ? AND room_id = ?");
        stored.Bind(1, message.SenderId).BindText(2, message.ClientOffset).Bind(3, roomId);
        var isThere = stored.Step();
        if (isThere && stored.Int64(2)
            == RowChecksum.OfClientOffset(roomId, message.SenderId, message.ClientOffset, stored.Int64(0), stored.Bytes(1)))
        {
            return;
        }

        stored.Reset();
        var hash = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(hash, message.ContentHash);
        using var replace = new SqliteStatement(connection, """
            INSERT OR REPLACE INTO sent_key (room_id, sender_id, client_offset, id, content_hash, checksum) VALUES (?, ?, ?, ?, ?, ?)
            """);
        replace
            .Bind(1, roomId)
            .Bind(2, message.SenderId)
            .BindText(3, message.ClientOffset)
            .Bind(4, id)
            .BindBlob(5, hash)
            .Bind(6, RowChecksum.OfClientOffset(roomId, message.SenderId, message.ClientOffset, id, hash))
            .Run();
        onRepaired(
            $"room {rooms[roomId].Name}: the client offset of message {id} was {(isThere ? "damaged" : "missing")}; "
            + "it follows from the message");
    }

    /// <summary>
    /// Deletes every client offset that is damaged. Call it when all messages that were ever stored are there, and have theirs.
    /// </summary>
    public void DeleteDamaged()
    {
        var damaged = new List<(long Sender, byte[] ClientOffset, long Room)>();
        using (var offsets = new SqliteStatement(
            connection, "SELECT room_id, sender_id, client_offset, id, content_hash, checksum FROM sent_key"))
        {
            while (offsets.Step())
            {
                var (room, sender) = (offsets.Int64(0), offsets.Int64(1));
                if (offsets.Int64(5)
                    != RowChecksum.OfClientOffset(room, sender, offsets.Bytes(2), offsets.Int64(3), offsets.Bytes(4)))
                {
                    damaged.Add((sender, offsets.Bytes(2).ToArray(), room));
                }
            }
        }

        using var delete = new SqliteStatement(
            connection, "DELETE FROM sent_key WHERE sender_id = ? AND client_offset = ? AND room_id = ?");
        foreach (var (sender, offset, room) in damaged)
        {
            delete.Bind(1, sender).BindText(2, offset).Bind(3, room).Run();
            onRepaired($"the damaged client offset '{RowForm.Show(offset)}', which belongs to no message, was removed");
        }
    }

    private sealed record KeptMessage(long Position, long SenderId, byte[] ClientOffset, UInt128 ContentHash, bool IsIntact);
}

/// <summary>How a repair reads messages.</summary>
internal static class KeptMessages
{
    /// <summary>The messages at positions between two.</summary>
    public static SqliteStatement Select(SqliteConnection connection) => new(connection, """
        SELECT position, name, sent_at, client_offset, text, checksum, erased, m.sender_id
        FROM message m LEFT JOIN sender s ON s.sender_id = m.sender_id
        WHERE position > ? AND position < ? ORDER BY position
        """);

    /// <summary>Whether one of them is what was stored.</summary>
    public static bool IsIntact(SqliteStatement message) =>
        !message.IsNull(1) && LogSnapshot.FindProblem(message, hasChecksums: true) is null;
}
