using System.Buffers.Text;
using System.Text;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.Bench.Peers;
using Microsoft.Data.Sqlite;

namespace GrpcChat.Bench.Limits;

/// <summary>
/// Writes the rows of the service's log, a message and its client offset for each send, with the service's statements,
/// schema, pragmas, checksums and checkpoints. It does nothing else: no look-ups, no hashing of texts, no callers to
/// answer.
/// </summary>
internal sealed class BareWriter : IDisposable
{
    private const int HashBytes = 16;

    // The service hashes a text on the thread that received it, not on the writer's thread.
    private static readonly byte[] Hash = new byte[HashBytes];

    private readonly SqliteLogFile file;
    private readonly SqliteConnection connection;
    private readonly SqliteCheckpoints checkpoints;
    private readonly SqliteStatement begin, commit, insertMessage, insertOffset, setHead;
    private readonly byte[][] offsets, senderNames;
    private readonly int rooms;
    private readonly byte[] text = Encoding.UTF8.GetBytes(BenchText.Of(0));

    /// <param name="directory">Where the new log is created.</param>
    /// <param name="senders">The number of senders, in turn.</param>
    /// <param name="rooms">The number of rooms, in turn.</param>
    public BareWriter(string directory, int senders, int rooms)
    {
        this.rooms = rooms;
        var lockTimeout = TimeSpan.FromSeconds(5);
        file = SqliteLogFile.Open(directory, lockTimeout);
        connection = file.OpenWriter();
        RowChecksum.AddFunctions(connection);
        checkpoints = new SqliteCheckpoints(connection, lockTimeout);
        begin = new SqliteStatement(connection, "BEGIN IMMEDIATE");
        commit = new SqliteStatement(connection, "COMMIT");
        insertMessage = new SqliteStatement(
            connection,
            "INSERT INTO message (position, sender_id, sent_at, client_offset, text, checksum) VALUES (?, ?, ?, ?, ?, ?)");
        insertOffset = new SqliteStatement(
            connection,
            "INSERT INTO sent_key (room_id, sender_id, client_offset, id, content_hash, checksum) VALUES (?, ?, ?, ?, ?, ?)");
        setHead = new SqliteStatement(connection, "UPDATE room SET head = ?1, checksum = room_checksum(room_id, CAST(name AS BLOB), oldest, ?1) WHERE room_id = ?2");
        senderNames = [.. Enumerable.Range(0, senders).Select(n => Encoding.ASCII.GetBytes($"sender-{n}"))];
        offsets = [.. Enumerable.Range(0, senders).Select(_ => Encoding.ASCII.GetBytes($"{Guid.NewGuid():N}-"))];
        AddNames(senders);
    }

    /// <summary>The path of the database.</summary>
    public string Path => file.Path;

    /// <summary>Rows of messages so far, and as many of client offsets.</summary>
    public long Rows { get; private set; }

    /// <summary>Stores so many messages in one transaction, and runs a checkpoint if one is due.</summary>
    public void Store(int count)
    {
        begin.Run();
        var sentAt = LogTime.ToMicroseconds(DateTimeOffset.UtcNow);
        for (var i = 0; i < count; i++)
        {
            Insert(sentAt);
        }

        commit.Run();
        checkpoints.AfterBatch();
    }

    /// <summary>Completes the log, so that the service can open it.</summary>
    public void Dispose()
    {
        begin.Run();
        for (var room = 1; room <= rooms; room++)
        {
            setHead.Bind(1, (Rows + rooms - room) / rooms).Bind(2, room).Run();
        }

        commit.Run();
        foreach (var statement in (SqliteStatement[])[begin, commit, insertMessage, insertOffset, setHead])
        {
            statement.Dispose();
        }

        connection.Dispose();
        file.Dispose();
    }

    private void AddNames(int senders)
    {
        using var room = new SqliteStatement(connection, "INSERT INTO room (room_id, name, oldest, head) VALUES (?, ?, 1, 0)");
        begin.Run();
        for (var n = 1; n <= rooms; n++)
        {
            room.Bind(1, n).Bind(2, n == 1 ? ClientSetup.DefaultRoom : $"{ClientSetup.DefaultRoom}-{n}").Run();
        }

        commit.Run();
        using var sender = new SqliteStatement(connection, "INSERT INTO sender (sender_id, name) VALUES (?, ?)");
        for (var n = 0; n < senders; n++)
        {
            sender.Bind(1, n).Bind(2, $"sender-{n}").Run();
        }
    }

    private void Insert(long sentAt)
    {
        var number = Rows++;
        var (room, id) = ((number % rooms) + 1, (number / rooms) + 1);
        var position = SqliteSchema.PositionOf(room, id);
        var sender = (int)(number % offsets.Length);
        Span<byte> offset = stackalloc byte[64];
        offsets[sender].CopyTo(offset);
        Utf8Formatter.TryFormat(number / offsets.Length, offset[offsets[sender].Length..], out var digits);
        offset = offset[..(offsets[sender].Length + digits)];

        insertMessage
            .Bind(1, position)
            .Bind(2, sender)
            .Bind(3, sentAt)
            .BindText(4, offset)
            .BindText(5, text)
            .Bind(6, RowChecksum.OfMessage(position, senderNames[sender], sentAt, offset, text))
            .Run();
        insertOffset.Bind(1, room).Bind(2, sender).BindText(3, offset).Bind(4, id).BindBlob(5, Hash)
            .Bind(6, RowChecksum.OfClientOffset(room, sender, offset, id, Hash)).Run();
    }
}
