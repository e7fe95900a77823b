using GrpcChat.AspNetCore.Storage;
using Npgsql;
using NpgsqlTypes;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Stores batches: one transaction, in one round trip, for one room. The function <c>grpcchat.append</c> locks the room's row until
/// the commit, on every path, also that of a duplicate: a duplicate is acked only when the commit that it repeats is as durable as
/// its own. Nothing is cancelled, and nothing times out.
/// </summary>
internal sealed class PostgresAppender(PostgresServer server, LogOptions options)
{
    /// <summary>The most sends in one transaction.</summary>
    public const int MaxBatch = 500;

    private const long Minute = 60_000_000;

    // See PostgresSchema.
    private const string Append = "SELECT n, id, stored_hash, head FROM grpcchat.append($1, $2, $3, $4, $5, $6, $7, $8)";

    // In the order of their names: two transactions that add the same senders wait for each other, and never in a circle.
    private const string AddSenders = """
        INSERT INTO grpcchat.sender (name) SELECT DISTINCT s FROM unnest($1) AS s ORDER BY s ON CONFLICT DO NOTHING
        """;

    // Rooms are created one at a time, so that the limits hold over all nodes.
    private const string LockRooms =
        "SELECT rooms FROM grpcchat.log_meta WHERE NOT EXISTS (SELECT FROM grpcchat.room WHERE name = $1) FOR UPDATE";

    // How many rooms there were, and when the minute began in which this quota is used up; NULL if it is not. A room that exists
    // changes nothing.
    private const string AddRoom = """
        WITH limits AS (
            SELECT rooms, (SELECT began FROM grpcchat.new_room WHERE quota = $2 AND began > $3 - $4 AND created >= $5) AS full_since
            FROM grpcchat.log_meta
        ), added AS (
            INSERT INTO grpcchat.room (name)
            SELECT $1 FROM limits WHERE rooms < $6 AND full_since IS NULL AND $5 > 0
            ON CONFLICT DO NOTHING RETURNING room_id
        ), counted AS (
            UPDATE grpcchat.log_meta SET rooms = rooms + 1 WHERE EXISTS (SELECT FROM added)
        ), noted AS (
            INSERT INTO grpcchat.new_room AS n (quota, began, created) SELECT $2, $3, 1 FROM added
            ON CONFLICT (quota) DO UPDATE SET
                began = CASE WHEN n.began > $3 - $4 THEN n.began ELSE $3 END,
                created = CASE WHEN n.began > $3 - $4 THEN n.created + 1 ELSE 1 END
        ), forgotten AS (
            DELETE FROM grpcchat.new_room WHERE began <= $3 - $4 AND quota <> $2
        )
        SELECT rooms, full_since FROM limits
        """;

    private readonly PostgresTransactions transactions = new(server, options);

    /// <summary>Stores the batch, sets the result of each send, and returns what it has added to the room.</summary>
    /// <param name="room">The room's name.</param>
    /// <param name="batch">Sends to this room.</param>
    /// <param name="seen">A head of the room that was committed: it can only have grown.</param>
    public async Task<Added> StoreAsync(string room, List<Append> batch, long seen)
    {
        var sentAt = LogTime.ToMicroseconds(options.Time.GetUtcNow());
        var open = new List<Append>();
        foreach (var append in batch)
        {
            append.Result = append.Malformed ?? default(AppendResult);
            if (append.Malformed is null)
            {
                open.Add(append);
            }
        }

        // A room that this node has not seen yet may have to be made.
        var refused = new Dictionary<string, Refused>();
        var creator = seen == 0 ? open.Find(append => append.RefuseIfNew is null) : null;
        while (true)
        {
            var outcome = await transactions.RunAsync(
                batch,
                connection => open.Count == 0
                    ? Task.FromResult(Outcome.Done)
                    : RunAsync(connection, room, open, seen, creator, refused, sentAt),
                static outcome => outcome == Outcome.Done);
            switch (outcome)
            {
                case Outcome.Done:
                    return Added.Of(batch, sentAt);
                case Outcome.NoSender:
                    await AddSendersAsync(open);
                    break;
                default:
                    creator = FindCreator(open, refused);
                    break;
            }
        }
    }

    private async Task<Outcome> RunAsync(
        NpgsqlConnection connection, string room, List<Append> sends, long seen, Append? creator,
        Dictionary<string, Refused> refused, long sentAt)
    {
        var distinct = new DistinctSends(sends);
        var asked = distinct.Asked;
        await using var commands = new NpgsqlBatch(connection) { Timeout = 0 };
        if (creator is not null)
        {
            commands.BatchCommands.Add(Sql.Command(LockRooms, room));
            commands.BatchCommands.Add(Sql.Command(
                AddRoom, room, QuotaOf(creator), sentAt, Minute, options.MaxNewRoomsPerSenderAndMinute, (long)options.MaxRooms));
        }

        commands.BatchCommands.Add(Sql.Command(
            Append,
            room,
            asked.ConvertAll(append => append.Sender).ToArray(),
            asked.ConvertAll(append => append.ClientOffset).ToArray(),
            asked.ConvertAll(append => Sql.ToBytes(append.ContentHash)).ToArray(),
            new NpgsqlParameter
            {
                Value = asked.ConvertAll(append => append.Text).ToArray(),
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
            },
            asked.ConvertAll(append => append.RefuseIfNew is not null).ToArray(),
            seen,
            sentAt));

        await using var reader = await commands.ExecuteReaderAsync(CancellationToken.None);
        (long Rooms, long? FullSince) limits = default;
        if (creator is not null)
        {
            await reader.NextResultAsync();
            await reader.ReadAsync();
            limits = (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetInt64(1));
            await reader.NextResultAsync();
        }

        long? head = null;
        var isDone = false;
        while (await reader.ReadAsync())
        {
            head = reader.GetInt64(3);
            if (!reader.IsDBNull(0))
            {
                isDone = true;
                distinct.SetResult(
                    (int)reader.GetInt64(0) - 1,
                    reader.IsDBNull(1) ? null : reader.GetInt64(1),
                    reader.IsDBNull(2) ? null : Sql.ToHash(reader.GetFieldValue<byte[]>(2)));
            }
        }

        // Only the end of all results says that the server has committed.
        while (await reader.NextResultAsync())
        {
        }

        if (isDone)
        {
            distinct.AnswerCopies();
            return Outcome.Done;
        }

        if (head is null)
        {
            if (creator is not null)
            {
                refused[QuotaOf(creator)] = RefuseRoom(limits, sentAt);
            }

            return Outcome.NoRoom;
        }

        return head >= seen ? Outcome.NoSender : throw new LogDamagedException(
            $"room {room}: the newest message was {seen} and is {head} now; the database was restored or has lost messages: "
            + "give it a new log id");
    }

    // The first send that may make the room. Those before it that may not are refused, and taken out; a room that somebody else
    // makes later in the batch is there for the sends that follow. If nobody makes it, all that is left is refused.
    private static Append? FindCreator(List<Append> open, Dictionary<string, Refused> refused)
    {
        var creator = open.Find(append => append.RefuseIfNew is null && !refused.ContainsKey(QuotaOf(append)));
        var before = creator is null ? open.Count : open.IndexOf(creator);
        for (var i = 0; i < before; i++)
        {
            open[i].Result = open[i].RefuseIfNew ?? refused[QuotaOf(open[i])];
        }

        open.RemoveRange(0, before);
        return creator;
    }

    private Refused RefuseRoom((long Rooms, long? FullSince) limits, long now)
    {
        // A node whose clock is behind may see rooms that will be created.
        var left = TimeSpan.FromMicroseconds(Math.Clamp((limits.FullSince ?? now) + Minute - now, 1, Minute));
        return limits.Rooms >= options.MaxRooms
            ? Refusals.TooManyRooms(options.MaxRooms)
            : Refusals.TooManyNewRooms(options.MaxNewRoomsPerSenderAndMinute, left);
    }

    private static string QuotaOf(Append append) => append.Quota ?? append.Sender;

    // A transaction of its own, before the one with the messages: the log of the server keeps them in this order, so a message is
    // never there without its sender.
    private async Task AddSendersAsync(List<Append> sends)
    {
        await using var connection = await server.ConnectAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(AddSenders, connection) { CommandTimeout = 0 };
        command.Parameters.Add(Sql.ToParameter(
            sends.Where(append => append.RefuseIfNew is null).Select(append => append.Sender).ToArray()));
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private enum Outcome
    {
        Done,
        NoRoom,
        NoSender,
    }
}

/// <summary>What a batch has added to its room: ids without a hole, in the order of the sends. First = 0: nothing.</summary>
internal readonly record struct Added(long First, long Last, Append? FirstAppend, long SentAt)
{
    /// <summary>Links the sends that the batch has stored.</summary>
    public static Added Of(List<Append> batch, long sentAt)
    {
        Append? first = null, last = null;
        foreach (var append in batch)
        {
            append.NextInRoom = null;
            if (append.Result is { Refused: null, Duplicate: false })
            {
                first ??= append;
                if (last is not null)
                {
                    last.NextInRoom = append;
                }

                last = append;
            }
        }

        return new(first?.Result.Id ?? 0, last?.Result.Id ?? 0, first, sentAt);
    }
}
