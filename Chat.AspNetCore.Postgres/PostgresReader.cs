using System.Text;
using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>Reads pages of messages and of rooms. A connection is held for one page and never across a write to the network.</summary>
#pragma warning disable CA1001 // Not disposable: whoever waits for a place while the log is being closed would wait for ever.
internal sealed class PostgresReader(PostgresServer server, int maxAtOnce)
#pragma warning restore CA1001
{
    public const int PageRows = 500;

    // A reader can give up and come back, unlike a sender.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    // A frame takes far less than 500 long messages, so that more than about 64 KiB are not sent at once.
    public const string Messages = """
        SELECT m.id, s.name, m.sent_at, m.client_offset, m.text, m.erased
        FROM (
            SELECT *, sum(octet_length(text) + 128) OVER (ORDER BY id) - octet_length(text) AS bytes_before
            FROM grpcchat.message
            WHERE room_id = (SELECT room_id FROM grpcchat.room WHERE name = $1) AND id > $2 AND id <= $3
            ORDER BY id LIMIT $4
        ) m JOIN grpcchat.sender s ON s.sender_id = m.sender_id
        WHERE m.bytes_before < 65536
        ORDER BY m.id
        """;

    private const string Rooms = """
        SELECT r.name, r.last_id, (SELECT m.sent_at FROM grpcchat.message m WHERE m.room_id = r.room_id AND m.id = r.last_id)
        FROM grpcchat.room r WHERE r.name > $1 ORDER BY r.name LIMIT $2
        """;

    // See BlockedSenderList.Key.
    private const string Bounds = """
        SELECT name, oldest_id, last_id, erasures FROM grpcchat.room WHERE name = ANY($1)
        UNION ALL
        SELECT '', 1, (SELECT COALESCE(hashtextextended(string_agg(name, E'\n' ORDER BY name), 0), 0) FROM grpcchat.blocked_sender), 0
        WHERE '' = ANY($1)
        """;

    private const string Blocked = "SELECT name FROM grpcchat.blocked_sender ORDER BY name";

    private const string RoomsOfSender = """
        SELECT r.name FROM grpcchat.sender s CROSS JOIN grpcchat.room r
        WHERE s.name = $1 AND EXISTS (SELECT FROM grpcchat.sent_key k WHERE k.room_id = r.room_id AND k.sender_id = s.sender_id)
        ORDER BY r.name
        """;

    private const string Count = "SELECT count(*), COALESCE(sum(last_id - oldest_id + 1), 0)::bigint FROM grpcchat.room";

    // The row is written and committed as a message is, and nothing changes.
    private const string Touch = "UPDATE grpcchat.log_meta SET rooms = rooms";

    private readonly SemaphoreSlim places = new(maxAtOnce);

    /// <summary>Offers the sink at most <see cref="PageRows"/> messages from <paramref name="after"/> + 1 on.</summary>
    /// <param name="room">The room.</param>
    /// <param name="after">The id before the first.</param>
    /// <param name="through">The last id that is wanted.</param>
    /// <param name="head">A head that was committed: up to it, a message is there or was removed.</param>
    /// <param name="sink">Gets them.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>
    /// The id of the last message that there was, which is <paramref name="after"/> where there was none. Null if the first was
    /// removed: nothing was offered.
    /// </returns>
    /// <exception cref="LogDamagedException">A message is missing.</exception>
    public async Task<long?> ReadAsync(
        string room, long after, long through, long head, IMessageSink sink, CancellationToken cancellation)
    {
        var name = Encoding.UTF8.GetBytes(room);
        var last = after;
        for (var left = PageRows; left > 0 && last < through;)
        {
            var page = new Page(name, last, sink);
            try
            {
                await RunAsync(Messages, [room, last, through, (long)left], page.TakeAsync, cancellation);
            }
            finally
            {
                // Nothing is offered any more, even if the server answers late.
                page.End();
            }

            last = page.Last;
            if (page.Next is null && (page.Rows > 0 || last >= Math.Min(through, head)))
            {
                left = page.IsFull || page.Rows == 0 ? 0 : left - page.Rows;
                continue;
            }

            // Somebody may have removed it a moment ago. Only the beginning of a room can be removed, and this sees what the page saw.
            var bounds = (await ReadBoundsAsync([room], cancellation)).GetValueOrDefault(room, SharedBounds.Empty);
            if (page.Rows > 0 || bounds.Oldest <= last + 1)
            {
                throw new LogDamagedException(
                    $"room {room}: message {last + 1} is missing{(page.Next is null ? "" : $", and {page.Next} follows")}");
            }

            return last == after ? null : last;
        }

        return last;
    }

    public Task<List<RoomSummary>> ListRoomsAsync(string after, int count, CancellationToken cancellation) =>
        RunAsync(
            Rooms,
            [after, count],
            reader => ToListAsync(
                reader,
                row => new RoomSummary(row.GetString(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetInt64(2))),
            cancellation);

    /// <summary>The bounds of those rooms that exist.</summary>
    public async Task<Dictionary<string, SharedBounds>> ReadBoundsAsync(
        IReadOnlyCollection<string> rooms, CancellationToken cancellation)
    {
        var list = await RunAtOnceAsync(
            Bounds,
            [rooms.ToArray()],
            reader => ToListAsync(
                reader,
                row => (Name: row.GetString(0), Bounds: new SharedBounds(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)))),
            Timeout,
            cancellation);
        return list.ToDictionary(room => room.Name, room => room.Bounds);
    }

    /// <summary>The rooms that somebody has sent to, by name.</summary>
    public Task<List<string>> ReadRoomsOfSenderAsync(string sender, CancellationToken cancellation) => RunAsync(
        RoomsOfSender, [sender], reader => ToListAsync(reader, row => row.GetString(0)), cancellation);

    public Task<List<string>> ListBlockedSendersAsync(CancellationToken cancellation) => RunAsync(
        Blocked, [], reader => ToListAsync(reader, row => row.GetString(0)), cancellation);

    public async Task<LogSize> CountAsync(CancellationToken cancellation) => (await RunAsync(
        Count,
        [],
        reader => ToListAsync(reader, row => new LogSize((int)row.GetInt64(0), row.GetInt64(1))),
        cancellation))[0];

    /// <summary>
    /// Commits a change that changes nothing, to find out whether the server takes messages. It waits as long as an append would.
    /// </summary>
    public Task ProbeWriteAsync() => RunAtOnceAsync(
        Touch,
        [],
        reader => Task.FromResult(reader.RecordsAffected),
        System.Threading.Timeout.InfiniteTimeSpan,
        CancellationToken.None);

    /// <summary>Offers the sink a row of <see cref="Messages"/>.</summary>
    public static bool Offer(NpgsqlDataReader row, byte[] room, long id, IMessageSink sink) => sink.TryAdd(new MessageRow
    {
        Room = room,
        Id = id,
        Sender = row.GetFieldValue<byte[]>(1),
        SentAt = row.GetInt64(2),
        ClientOffset = row.GetFieldValue<byte[]>(3),
        Text = row.GetFieldValue<byte[]>(4),
        IsErased = row.GetBoolean(5),
    });

    private static async Task<List<T>> ToListAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> convert)
    {
        var list = new List<T>();
        while (await reader.ReadAsync())
        {
            list.Add(convert(reader));
        }

        return list;
    }

    private async Task<T> RunAsync<T>(
        string sql, object[] values, Func<NpgsqlDataReader, Task<T>> take, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        try
        {
            return await RunAtOnceAsync(sql, values, take, Timeout, cancellation);
        }
        finally
        {
            places.Release();
        }
    }

    // Without a place among the reads: there is a connection that is kept for it.
    private async Task<T> RunAtOnceAsync<T>(
        string sql, object[] values, Func<NpgsqlDataReader, Task<T>> take, TimeSpan limit, CancellationToken cancellation)
    {
        var isAnswered = false;
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                var opened = await server.ConnectAsync(cancellation);
                return await server.Commands.RunAsync(opened, ReadAsync, limit, cancellation);
            }
            catch (Exception error) when (isFirst && !isAnswered && error is not TimeoutException && PostgresErrors.IsWorthARetry(error))
            {
                // A connection of the pool may have been lost while nobody used it: that is not worth a word.
            }
            catch (Exception error) when (error is not StoreUnavailableException && PostgresErrors.IsUnavailable(error))
            {
                throw new StoreUnavailableException(PostgresErrors.Describe(server.Location, error), error);
            }
        }

        async Task<T> ReadAsync(NpgsqlConnection connection)
        {
            await using var command = Command(connection, sql, values, TimeSpan.Zero);
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            isAnswered = true;
            return await take(reader);
        }
    }

    /// <summary>A command with its parameters, $1 first. A time of zero has no end.</summary>
    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] values, TimeSpan timeout)
    {
#pragma warning disable CA2100 // The SQL is a constant of the caller.
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)timeout.TotalSeconds };
#pragma warning restore CA2100
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return command;
    }

    /// <summary>Messages on their way to a sink.</summary>
    /// <param name="room">The room, in UTF-8.</param>
    /// <param name="after">The id before the first.</param>
    /// <param name="sink">Gets them.</param>
    private sealed class Page(byte[] room, long after, IMessageSink sink)
    {
        private readonly Lock gate = new();
        private bool hasEnded;

        public int Rows { get; private set; }

        /// <summary>The id of the last message that the sink was offered.</summary>
        public long Last { get; private set; } = after;

        /// <summary>Whether the sink wants no more.</summary>
        public bool IsFull { get; private set; }

        /// <summary>The id of a message that does not follow the last one; null if each did.</summary>
        public long? Next { get; private set; }

        public async Task<bool> TakeAsync(NpgsqlDataReader reader)
        {
            while (await reader.ReadAsync() && Take(reader))
            {
            }

            return true;
        }

        public void End()
        {
            lock (gate)
            {
                hasEnded = true;
            }
        }

        private bool Take(NpgsqlDataReader row)
        {
            lock (gate)
            {
                var id = row.GetInt64(0);
                if (hasEnded || id != Last + 1)
                {
                    Next = hasEnded ? Next : id;
                    return false;
                }

                Last = id;
                Rows++;
                IsFull = !Offer(row, room, id, sink);
                return !IsFull;
            }
        }
    }
}
