using System.Buffers.Binary;
using System.Text;
using GrpcChat.AspNetCore.Storage.GroupCommit;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>Writes the rows of a batch, each with its checksum, and finds what is stored. Only the writer's thread uses it.</summary>
internal sealed class SqliteRowWriter : IDisposable
{
    private const int HashBytes = 16;

    private readonly SqliteConnection writer;
    private readonly SqliteStatement findStored, insertRoom, insertMessage, insertOffset, setHead, setOldest, deleteMessages, setErased;
    private readonly SqliteSenders senders;
    private long lastRoomId;
    private long lastCommittedRoomId;

    public SqliteRowWriter(SqliteConnection writer)
    {
        this.writer = writer;
        findStored = new SqliteStatement(
            writer,
            "SELECT id, content_hash, checksum FROM sent_key WHERE room_id = ? AND sender_id = ? AND client_offset = ?");
        senders = new SqliteSenders(writer);
        insertRoom = new SqliteStatement(
            writer, "INSERT INTO room (room_id, name, oldest, head, checksum) VALUES (?, ?, ?, ?, ?)");
        insertMessage = new SqliteStatement(
            writer,
            "INSERT INTO message (position, sender_id, sent_at, client_offset, text, checksum) VALUES (?, ?, ?, ?, ?, ?)");
        insertOffset = new SqliteStatement(
            writer,
            "INSERT INTO sent_key (room_id, sender_id, client_offset, id, content_hash, checksum) VALUES (?, ?, ?, ?, ?, ?)");
        setHead = new SqliteStatement(writer, "UPDATE room SET head = ?, checksum = ? WHERE room_id = ?");
        setOldest = new SqliteStatement(writer, "UPDATE room SET oldest = ?, checksum = ? WHERE room_id = ?");
        deleteMessages = new SqliteStatement(writer, "DELETE FROM message WHERE position BETWEEN ? AND ?");
        setErased = new SqliteStatement(writer, "UPDATE message SET erased = 1, checksum = ? WHERE position = ?");
    }

    /// <summary>Reads the rooms that are stored, at the start.</summary>
    /// <param name="path">The database, for the message of the exception.</param>
    /// <exception cref="LogOpenException">The row of a room is not what was stored.</exception>
    public IReadOnlyList<RoomState> ReadRooms(string path)
    {
        var rooms = new List<RoomState>();
        using var statement = new SqliteStatement(writer, "SELECT room_id, name, oldest, head, checksum FROM room");
        while (statement.Step())
        {
            var (id, oldest, head) = (statement.Int64(0), statement.Int64(2), statement.Int64(3));
            if (statement.Int64(4) != RowChecksum.OfRoom(id, statement.Bytes(1), oldest, head))
            {
                throw new LogOpenException(
                    $"{path} is damaged: the row of room {statement.Text(1)} is not what was stored; restore it from a backup");
            }

            rooms.Add(new RoomState(id, statement.Text(1), oldest, head));
            lastCommittedRoomId = lastRoomId = Math.Max(lastRoomId, id);
        }

        statement.Reset();
        return rooms;
    }

    /// <summary>Finds what is stored under a room, sender and client offset.</summary>
    /// <exception cref="LogDamagedException">It is not what was stored.</exception>
    public bool TryFind(RoomState room, Append append, out long id, out UInt128 contentHash)
    {
        (id, contentHash) = (0, default);
        if (senders.Find(append.Sender) is not { } sender)
        {
            return false;
        }

        Span<byte> clientOffset = stackalloc byte[Encoding.UTF8.GetMaxByteCount(append.ClientOffset.Length)];
        clientOffset = clientOffset[..Encoding.UTF8.GetBytes(append.ClientOffset, clientOffset)];
        findStored.Bind(1, room.RoomId).Bind(2, sender).BindText(3, clientOffset);
        try
        {
            if (!findStored.Step())
            {
                return false;
            }

            id = findStored.Int64(0);
            var hash = findStored.Bytes(1);
            if (findStored.Int64(2) != RowChecksum.OfClientOffset(room.RoomId, sender, clientOffset, id, hash))
            {
                throw new LogDamagedException(
                    $"room {room.Name}: the client offset {append.ClientOffset} of {append.Sender} is not what was stored");
            }

            contentHash = BinaryPrimitives.ReadUInt128BigEndian(hash);
            return true;
        }
        finally
        {
            findStored.Reset();
        }
    }

    public RoomState AddRoom(string name)
    {
        var room = new RoomState(++lastRoomId, name, oldest: 1, head: 0);
        InsertRoom(room);
        return room;
    }

    public void Add(RoomState room, long id, Append append, DateTimeOffset sentAt)
    {
        // Each name is looked up and encoded once: this is the way of every message.
        var sender = IdOf(append.Sender);
        Span<byte> name = stackalloc byte[Encoding.UTF8.GetMaxByteCount(append.Sender.Length)];
        name = name[..Encoding.UTF8.GetBytes(append.Sender, name)];
        Span<byte> offset = stackalloc byte[Encoding.UTF8.GetMaxByteCount(append.ClientOffset.Length)];
        offset = offset[..Encoding.UTF8.GetBytes(append.ClientOffset, offset)];
        InsertMessage(room.RoomId, id, sender, name, LogTime.ToMicroseconds(sentAt), offset, append.Text);
        InsertOffset(room.RoomId, id, sender, offset, append.ContentHash);
    }

    /// <summary>Inserts a room as it is.</summary>
    public void InsertRoom(RoomState room) => insertRoom
        .Bind(1, room.RoomId)
        .Bind(2, room.Name)
        .Bind(3, room.Oldest)
        .Bind(4, room.LastAssignedId)
        .Bind(5, ChecksumOf(room, room.Oldest))
        .Run();

    /// <summary>Inserts a message, without its client offset.</summary>
    public void InsertMessage(
        long roomId, long id, string sender, long sentAt, string clientOffset, ReadOnlySpan<byte> text, bool isErased)
    {
        Span<byte> name = stackalloc byte[Encoding.UTF8.GetMaxByteCount(sender.Length)];
        name = name[..Encoding.UTF8.GetBytes(sender, name)];
        Span<byte> offset = stackalloc byte[Encoding.UTF8.GetMaxByteCount(clientOffset.Length)];
        offset = offset[..Encoding.UTF8.GetBytes(clientOffset, offset)];
        InsertMessage(roomId, id, IdOf(sender), name, sentAt, offset, text);
        if (isErased)
        {
            var position = SqliteSchema.PositionOf(roomId, id);
            setErased.Bind(1, RowChecksum.OfMessage(position, name, sentAt, offset, text, isErased)).Bind(2, position).Run();
        }
    }

    /// <summary>Inserts the client offset of a message.</summary>
    public void InsertOffset(long roomId, long id, string sender, string clientOffset, UInt128 contentHash)
    {
        Span<byte> offset = stackalloc byte[Encoding.UTF8.GetMaxByteCount(clientOffset.Length)];
        offset = offset[..Encoding.UTF8.GetBytes(clientOffset, offset)];
        InsertOffset(roomId, id, IdOf(sender), offset, contentHash);
    }

    /// <summary>Writes the newest id of a room.</summary>
    public void SetHead(RoomState room) =>
        setHead.Bind(1, room.LastAssignedId).Bind(2, ChecksumOf(room, room.Oldest)).Bind(3, room.RoomId).Run();

    /// <summary>Deletes the oldest messages of a room, up to an id, and keeps their client offsets.</summary>
    /// <exception cref="LogDamagedException">Some of them are missing.</exception>
    public void Trim(RoomState room, long through)
    {
        deleteMessages
            .Bind(1, SqliteSchema.PositionOf(room.RoomId, room.Oldest))
            .Bind(2, SqliteSchema.PositionOf(room.RoomId, through))
            .Run();
        var missing = through - room.Oldest + 1 - raw.sqlite3_changes(writer.Handle);
        if (missing != 0)
        {
            throw new LogDamagedException($"room {room.Name}: {missing} of the messages {room.Oldest} to {through} are missing");
        }

        setOldest.Bind(1, through + 1).Bind(2, ChecksumOf(room, through + 1)).Bind(3, room.RoomId).Run();
    }

    /// <summary>The batch has been stored.</summary>
    public void Commit()
    {
        senders.Commit();
        lastCommittedRoomId = lastRoomId;
    }

    /// <summary>The batch has not been stored.</summary>
    public void Rollback()
    {
        senders.Rollback();
        lastRoomId = lastCommittedRoomId;
    }

    public void Dispose()
    {
        foreach (var statement in (SqliteStatement[])
            [findStored, insertRoom, insertMessage, insertOffset, setHead, setOldest, deleteMessages, setErased])
        {
            statement.Dispose();
        }

        senders.Dispose();
    }

    private unsafe void InsertMessage(
        long roomId,
        long id,
        long sender,
        ReadOnlySpan<byte> name,
        long sentAt,
        ReadOnlySpan<byte> clientOffset,
        ReadOnlySpan<byte> text)
    {
        var position = SqliteSchema.PositionOf(roomId, id);
        var checksum = RowChecksum.OfMessage(position, name, sentAt, clientOffset, text);

        // Nothing of an empty text is read, but it must have an address: a text without one would be NULL.
        fixed (byte* offset = clientOffset, body = text.IsEmpty ? clientOffset : text)
        {
            insertMessage
                .Bind(1, position)
                .Bind(2, sender)
                .Bind(3, sentAt)
                .BindPinnedText(4, offset, clientOffset.Length)
                .BindPinnedText(5, body, text.Length)
                .Bind(6, checksum)
                .Run();
        }
    }

    private unsafe void InsertOffset(long roomId, long id, long sender, ReadOnlySpan<byte> clientOffset, UInt128 contentHash)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        BinaryPrimitives.WriteUInt128BigEndian(hash, contentHash);
        var checksum = RowChecksum.OfClientOffset(roomId, sender, clientOffset, id, hash);
        fixed (byte* offset = clientOffset, hashed = hash)
        {
            insertOffset
                .Bind(1, roomId)
                .Bind(2, sender)
                .BindPinnedText(3, offset, clientOffset.Length)
                .Bind(4, id)
                .BindPinnedBlob(5, hashed, HashBytes)
                .Bind(6, checksum)
                .Run();
        }
    }

    private long IdOf(string sender) => senders.Find(sender) ?? senders.Add(sender);

    private static long ChecksumOf(RoomState room, long oldest)
    {
        Span<byte> name = stackalloc byte[Encoding.UTF8.GetMaxByteCount(room.Name.Length)];
        return RowChecksum.OfRoom(room.RoomId, name[..Encoding.UTF8.GetBytes(room.Name, name)], oldest, room.LastAssignedId);
    }
}
