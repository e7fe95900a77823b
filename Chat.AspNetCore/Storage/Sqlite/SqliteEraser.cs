using System.Text;
using GrpcChat.AspNetCore.Storage.GroupCommit;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Takes the texts of rows away, and the hashes of the texts. Only the writer's thread uses it, within a transaction. It erases
/// only what is what was stored: an erased row gets a new checksum, which would hide damage.
/// </summary>
internal sealed class SqliteEraser : IDisposable
{
    private static readonly byte[] NoHash = new byte[16];

    private readonly SqliteStatement findMessage, eraseMessage, findOffset, clearHash, findSender, offsetsOfSender;

    public SqliteEraser(SqliteConnection writer)
    {
        findMessage = new SqliteStatement(writer, """
            SELECT sender_id, name, sent_at, client_offset, text, checksum, erased
            FROM message LEFT JOIN sender USING (sender_id)
            WHERE position = ?
            """);
        eraseMessage = new SqliteStatement(writer, "UPDATE message SET text = '', erased = 1, checksum = ? WHERE position = ?");
        findOffset = new SqliteStatement(
            writer,
            "SELECT id, content_hash, checksum FROM sent_key WHERE sender_id = ? AND client_offset = ? AND room_id = ?");
        clearHash = new SqliteStatement(
            writer,
            "UPDATE sent_key SET content_hash = ?, checksum = ? WHERE sender_id = ? AND client_offset = ? AND room_id = ?");
        findSender = new SqliteStatement(writer, "SELECT sender_id FROM sender WHERE name = ?");
        offsetsOfSender = new SqliteStatement(writer, """
            SELECT client_offset, room_id, id FROM sent_key
            WHERE sender_id = ? AND (client_offset, room_id) > (?, ?)
            ORDER BY client_offset, room_id LIMIT ?
            """);
    }

    /// <summary>Null if there is no such sender.</summary>
    public long? FindSender(string name)
    {
        findSender.Bind(1, name);
        long? found = findSender.Step() ? findSender.Int64(0) : null;
        findSender.Reset();
        return found;
    }

    /// <summary>A page of the client offsets that a sender has used, in the order of the table.</summary>
    /// <param name="sender">The sender_id.</param>
    /// <param name="after">The last of the page before; null for the first page.</param>
    /// <param name="count">The size of a page.</param>
    public List<SentOffset> OffsetsOf(long sender, SentOffset? after, int count)
    {
        var page = new List<SentOffset>(count);
        offsetsOfSender
            .Bind(1, sender)
            .BindText(2, after?.ClientOffset)
            .Bind(3, after?.RoomId ?? 0)
            .Bind(4, count);
        while (offsetsOfSender.Step())
        {
            page.Add(new SentOffset(offsetsOfSender.Bytes(0).ToArray(), offsetsOfSender.Int64(1), offsetsOfSender.Int64(2)));
        }

        offsetsOfSender.Reset();
        return page;
    }

    /// <summary>Erases a message that is kept.</summary>
    /// <returns>False if it had been erased before.</returns>
    /// <exception cref="LogDamagedException">It is missing or damaged.</exception>
    public bool EraseMessage(RoomState room, long id)
    {
        var position = SqliteSchema.PositionOf(room.RoomId, id);
        findMessage.Bind(1, position);
        try
        {
            if (!findMessage.Step())
            {
                throw new LogDamagedException($"room {room.Name}: message {id} is missing");
            }

            var name = findMessage.Bytes(1);
            var sentAt = findMessage.Int64(2);
            var offset = findMessage.Bytes(3);
            var isErased = findMessage.Int64(6) != 0;
            if (findMessage.Int64(5) != RowChecksum.OfMessage(position, name, sentAt, offset, findMessage.Bytes(4), isErased))
            {
                throw new LogDamagedException($"room {room.Name}: message {id} is not what was stored");
            }

            if (!isErased)
            {
                eraseMessage.Bind(1, RowChecksum.OfMessage(position, name, sentAt, offset, [], isErased: true)).Bind(2, position).Run();
            }

            ClearHash(room, findMessage.Int64(0), offset, id);
            return !isErased;
        }
        finally
        {
            findMessage.Reset();
        }
    }

    /// <summary>Forgets the hash of the text that was sent with a client offset.</summary>
    /// <exception cref="LogDamagedException">The client offset is missing or damaged.</exception>
    public void ClearHash(RoomState room, long sender, ReadOnlySpan<byte> clientOffset, long id)
    {
        findOffset.Bind(1, sender).BindText(2, clientOffset).Bind(3, room.RoomId);
        var isIntact = findOffset.Step()
            && findOffset.Int64(0) == id
            && findOffset.Int64(2) == RowChecksum.OfClientOffset(room.RoomId, sender, clientOffset, id, findOffset.Bytes(1));
        findOffset.Reset();
        if (!isIntact)
        {
            throw new LogDamagedException(
                $"room {room.Name}: the client offset {Encoding.UTF8.GetString(clientOffset)} of message {id} is not what was stored");
        }

        clearHash
            .BindBlob(1, NoHash)
            .Bind(2, RowChecksum.OfClientOffset(room.RoomId, sender, clientOffset, id, NoHash))
            .Bind(3, sender)
            .BindText(4, clientOffset)
            .Bind(5, room.RoomId)
            .Run();
    }

    public void Dispose()
    {
        foreach (var statement in (SqliteStatement[])[findMessage, eraseMessage, findOffset, clearHash, findSender, offsetsOfSender])
        {
            statement.Dispose();
        }
    }
}

/// <summary>A client offset that a sender has used.</summary>
/// <param name="ClientOffset">The client offset in UTF-8.</param>
/// <param name="RoomId">The room_id.</param>
/// <param name="Id">The id of the message.</param>
internal readonly record struct SentOffset(byte[] ClientOffset, long RoomId, long Id);
