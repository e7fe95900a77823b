using System.Text;
using GrpcChat.AspNetCore.Storage.GroupCommit;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// A read-only connection that reads pages of messages and of rooms. Only one caller may use it at a time.
/// </summary>
internal sealed class SqliteLogReader : IDisposable
{
    private const int PageRows = 500;

    private readonly SqliteConnection connection;
    private readonly SqliteStatement page, rooms, bounds;
    private readonly SqliteSenderNames senders;

    public SqliteLogReader(SqliteConnection connection)
    {
        this.connection = connection;
        senders = new SqliteSenderNames(connection);

        // The limit is a literal. SQLite looks at the value of a limit when it plans a statement, and would plan the
        // statement again each time a parameter is bound.
        page = new SqliteStatement(connection, $"""
            SELECT position, sender_id, sent_at, client_offset, text, checksum, erased
            FROM message
            WHERE position > ? AND position <= ?
            ORDER BY position LIMIT {PageRows}
            """);
        rooms = new SqliteStatement(connection, $"""
            SELECT room_id, name, oldest, head, room.checksum,
                position, sender_id, sent_at, client_offset, text, message.checksum, erased
            FROM room LEFT JOIN message ON position = (room_id << {SqliteSchema.IdBits}) | head
            WHERE name > ?
            ORDER BY name LIMIT ?
            """);
        bounds = new SqliteStatement(connection, "SELECT name, oldest, head, checksum FROM room WHERE room_id = ?");
    }

    /// <summary>Reads one page in one transaction, which ends before anything is written to the network.</summary>
    /// <returns>False if the first message was removed. Nothing was offered.</returns>
    public bool Read(RoomState room, long after, long through, IMessageSink sink)
    {
        Span<byte> name = stackalloc byte[Encoding.UTF8.GetMaxByteCount(room.Name.Length)];
        name = name[..Encoding.UTF8.GetBytes(room.Name, name)];
        page.Bind(1, SqliteSchema.PositionOf(room.RoomId, after));
        page.Bind(2, SqliteSchema.PositionOf(room.RoomId, through));
        try
        {
            var last = after;
            while (page.Step())
            {
                var position = page.Int64(0);
                var id = SqliteSchema.IdOf(position);
                if (id != ++last)
                {
                    if (last == after + 1 && IsTrimmed(room, last))
                    {
                        return false;
                    }

                    throw new LogDamagedException($"room {room.Name}: message {last} is missing, and {id} follows");
                }

                var row = new MessageRow
                {
                    Room = name,
                    Id = id,
                    Sender = senders.Of(page.Int64(1)),
                    SentAt = page.Int64(2),
                    ClientOffset = page.Bytes(3),
                    Text = page.Bytes(4),
                    IsErased = page.Int64(6) != 0,
                };
                if (page.Int64(5)
                    != RowChecksum.OfMessage(position, row.Sender, row.SentAt, row.ClientOffset, row.Text, row.IsErased))
                {
                    throw new LogDamagedException($"room {room.Name}: message {id} is not what was stored");
                }

                if (!sink.TryAdd(row))
                {
                    return true;
                }
            }

            if (last == after && last < through)
            {
                return IsTrimmed(room, last + 1)
                    ? false
                    : throw new LogDamagedException($"room {room.Name}: message {last + 1} is missing");
            }

            return true;
        }
        catch (SqliteException error)
        {
            throw SqliteErrors.CannotRead($"room {room.Name} after message {after}", error);
        }
        finally
        {
            page.Reset();
        }
    }

    /// <summary>Reads one page of rooms, in the byte order of their names.</summary>
    public IReadOnlyList<RoomSummary> ListRooms(string after, int count)
    {
        var list = new List<RoomSummary>();
        rooms.Bind(1, after).Bind(2, count);
        try
        {
            while (rooms.Step())
            {
                var (roomId, name, head) = (rooms.Int64(0), rooms.Text(1), rooms.Int64(3));
                if (rooms.Int64(4) != RowChecksum.OfRoom(roomId, rooms.Bytes(1), rooms.Int64(2), head))
                {
                    throw new LogDamagedException($"the row of room {name} is not what was stored");
                }

                list.Add(new RoomSummary(name, head, IsNewestMessageIntact() ? rooms.Int64(7) : null));
            }

            return list;
        }
        catch (SqliteException error)
        {
            throw SqliteErrors.CannotRead("the list of rooms", error);
        }
        finally
        {
            rooms.Reset();
        }
    }

    // One that is not what was stored has no time that could be shown. Whoever reads the room is told about it.
    private bool IsNewestMessageIntact() =>
        !rooms.IsNull(5)
        && rooms.Int64(10) == RowChecksum.OfMessage(
            rooms.Int64(5), senders.Of(rooms.Int64(6)), rooms.Int64(7), rooms.Bytes(8), rooms.Bytes(9), isErased: rooms.Int64(11) != 0);

    // The room was trimmed after the caller had looked at its bounds. What the database says of the room is at least as new as the
    // page, and the writer may not have published it yet.
    private bool IsTrimmed(RoomState room, long id)
    {
        bounds.Bind(1, room.RoomId);
        try
        {
            if (!bounds.Step())
            {
                return false;
            }

            var (oldest, head) = (bounds.Int64(1), bounds.Int64(2));
            if (bounds.Int64(3) != RowChecksum.OfRoom(room.RoomId, bounds.Bytes(0), oldest, head))
            {
                return false;
            }

            room.AdvanceOldest(oldest);
            return id < oldest;
        }
        finally
        {
            bounds.Reset();
        }
    }

    public void Dispose()
    {
        page.Dispose();
        senders.Dispose();
        rooms.Dispose();
        bounds.Dispose();
        connection.Dispose();
    }
}
