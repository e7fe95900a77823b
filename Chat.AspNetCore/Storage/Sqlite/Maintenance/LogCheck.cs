using System.Buffers.Binary;
using System.Text;
using GrpcChat.AspNetCore.Storage.Maintenance;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>
/// Reads everything in a log and finds what should not be there, and what should be and is not. It goes on after a problem, as
/// far as SQLite can read the file.
/// </summary>
internal sealed class LogCheck(LogSnapshot snapshot, Action<string> onProblem, Work work)
{
    private readonly Dictionary<long, LogRoom> rooms = snapshot.Rooms.ToDictionary(room => room.RoomId);
    private long messages, clientOffsets;

    /// <summary>Checks a log.</summary>
    /// <returns>What was found in it.</returns>
    public static LogSummary Run(LogSnapshot snapshot, Action<string> onProblem, Work work) =>
        new LogCheck(snapshot, onProblem, work).Run();

    /// <summary>Compares a log with the witness beside it.</summary>
    public static void CheckWitness(string database, LogSnapshot snapshot, Action<string> onProblem)
    {
        try
        {
            if (HeadWitness.FindProblem(database, HeadWitness.Read(database), snapshot.Witness) is { } problem)
            {
                onProblem(problem);
            }
        }
        catch (LogOpenException error)
        {
            onProblem(error.Message);
        }
    }

    private LogSummary Run()
    {
        Try(CheckFile);
        Try(CheckRooms);
        Try(() => CheckMessages(work.Part(0.2, 0.4)));
        Try(() => CheckTexts(work.Part(0.4, 0.7)));
        Try(() => CheckOffsets(work.Part(0.7, 1)));
        work.Report(1);
        return new LogSummary(snapshot.LogId, rooms.Count, messages, clientOffsets);
    }

    private void Try(Action check)
    {
        try
        {
            check();
        }
        catch (SqliteException error)
        {
            onProblem(SqliteErrors.CannotRead("the database", error).Message);
        }
    }

    // What SQLite can say: the pages, the indexes, the types of the columns.
    private void CheckFile()
    {
        work.Report(0);
        using var statement = new SqliteStatement(snapshot.Connection, "PRAGMA integrity_check");
        while (statement.Step())
        {
            var line = statement.Text(0);
            if (line != "ok")
            {
                onProblem($"database: {line.ReplaceLineEndings(" ")}");
            }
        }
    }

    private void CheckRooms()
    {
        if (!RowForm.IsLogId(snapshot.LogId))
        {
            onProblem("the log id is not 32 hexadecimal digits");
        }

        foreach (var room in snapshot.Rooms)
        {
            if (!room.IsIntact)
            {
                onProblem($"the row of room {RowForm.Show(Encoding.UTF8.GetBytes(room.Name))} is not what was stored");
            }

            if (!Names.IsRoom(room.Name))
            {
                onProblem($"room {room.RoomId} has a name that is not valid");
            }

            if (room.Oldest < 1 || room.Head < room.Oldest - 1)
            {
                onProblem($"room {room.Name}: the oldest message is {room.Oldest} and the newest {room.Head}");
            }
        }
    }

    private void CheckMessages(Work part)
    {
        using var statement = new SqliteStatement(snapshot.Connection, $"""
            SELECT position, name, sent_at, client_offset, text, {snapshot.ChecksumOf("m")}, {snapshot.ErasedOf("m")}
            FROM message m LEFT JOIN sender s ON s.sender_id = m.sender_id
            ORDER BY position
            """);
        var total = snapshot.Messages;
        var complete = new HashSet<long>();
        LogRoom? room = null;
        var next = 0L;
        while (statement.Step())
        {
            part.Count(messages++, total);
            var position = statement.Int64(0);
            var (roomId, id) = (SqliteSchema.RoomIdOf(position), SqliteSchema.IdOf(position));
            if (room?.RoomId != roomId)
            {
                EndRoom();
                if (!rooms.TryGetValue(roomId, out room))
                {
                    onProblem($"message {id} belongs to room {roomId}, which does not exist");
                    continue;
                }

                complete.Add(roomId);
                next = room.Oldest;
            }

            if (id < room.Oldest || id > room.Head)
            {
                onProblem($"room {room.Name}: message {id} is outside the room's {room.Oldest} to {room.Head}");
            }
            else
            {
                ReportMissing(room, next, id - 1);
                next = id + 1;
            }

            var problem = statement.IsNull(1)
                ? "its sender does not exist"
                : snapshot.FindProblem(statement);
            if (problem is not null)
            {
                onProblem($"room {room.Name}: message {id}: {problem}");
            }
        }

        EndRoom();
        foreach (var empty in snapshot.Rooms.Where(other => !complete.Contains(other.RoomId)))
        {
            ReportMissing(empty, empty.Oldest, empty.Head);
        }

        void EndRoom()
        {
            if (room is not null)
            {
                ReportMissing(room, next, room.Head);
            }
        }
    }

    private void ReportMissing(LogRoom room, long from, long to)
    {
        if (from <= to)
        {
            onProblem(from == to
                ? $"room {room.Name}: message {from} is missing"
                : $"room {room.Name}: messages {from} to {to} are missing");
        }
    }

    // Each message against its client offset. Apart from the messages, which can be read if the client offsets cannot.
    private void CheckTexts(Work part)
    {
        using var statement = new SqliteStatement(snapshot.Connection, $"""
            SELECT position, text, k.id, content_hash, {snapshot.ErasedOf("m")}
            FROM message m
            LEFT JOIN sent_key k ON k.sender_id = m.sender_id AND k.client_offset = m.client_offset
                AND k.room_id = m.position >> {SqliteSchema.IdBits}
            ORDER BY position
            """);
        for (var row = 0L; statement.Step(); row++)
        {
            part.Count(row, messages);
            var position = statement.Int64(0);
            if (rooms.TryGetValue(SqliteSchema.RoomIdOf(position), out var room)
                && FindTextProblem(statement, SqliteSchema.IdOf(position)) is { } problem)
            {
                onProblem($"room {room.Name}: message {SqliteSchema.IdOf(position)}: {problem}");
            }
        }
    }

    private static string? FindTextProblem(SqliteStatement message, long id)
    {
        if (message.IsNull(2))
        {
            return "its client offset is not remembered";
        }

        if (message.Int64(2) != id)
        {
            return $"its client offset is remembered for message {message.Int64(2)}";
        }

        var hash = message.Bytes(3);
        var isErased = message.Int64(4) != 0;
        var expected = isErased ? Append.ErasedHash : Append.HashOf(message.Bytes(1));
        return hash.Length == 16 && BinaryPrimitives.ReadUInt128BigEndian(hash) == expected ? null
            : isErased ? "it is erased, but a hash of its text is kept"
            : "its text is not the one that was stored";
    }

    private void CheckOffsets(Work part)
    {
        using var statement = new SqliteStatement(snapshot.Connection, $"""
            SELECT k.room_id, name, k.client_offset, k.id, content_hash,
                m.position IS NULL, m.sender_id = k.sender_id AND m.client_offset = k.client_offset,
                k.sender_id, {snapshot.ChecksumOf("k")}
            FROM sent_key k
            LEFT JOIN sender s ON s.sender_id = k.sender_id
            LEFT JOIN message m ON m.position = (k.room_id << {SqliteSchema.IdBits}) | k.id
            """);
        while (statement.Step())
        {
            part.Count(clientOffsets++, messages);
            if (FindOffsetProblem(statement) is { } problem)
            {
                onProblem($"client offset '{RowForm.Show(statement.Bytes(2))}' of sender '{RowForm.Show(statement.Bytes(1))}': {problem}");
            }
        }
    }

    private string? FindOffsetProblem(SqliteStatement offset)
    {
        if (!rooms.TryGetValue(offset.Int64(0), out var room))
        {
            return $"its room {offset.Int64(0)} does not exist";
        }

        var id = offset.Int64(3);
        return offset.IsNull(1) ? $"its sender does not exist (room {room.Name}, message {id})"
            : !RowForm.IsValid(offset.Bytes(2), Names.IsClientOffset) ? $"it is not valid (room {room.Name}, message {id})"
            : offset.Bytes(4).Length != 16 ? $"its hash has {offset.Bytes(4).Length} bytes (room {room.Name}, message {id})"
            : id < 1 || id > room.Head ? $"it is remembered for message {id} of room {room.Name}, whose newest is {room.Head}"
            : snapshot.HasChecksums && offset.Int64(8)
                != RowChecksum.OfClientOffset(room.RoomId, offset.Int64(7), offset.Bytes(2), id, offset.Bytes(4))
                ? $"it is not what was stored (room {room.Name}, message {id})"
            : id < room.Oldest || offset.Int64(5) != 0 || offset.Int64(6) != 0 ? null // A missing message has been reported.
            : $"it is remembered for message {id} of room {room.Name}, which has another";
    }
}
