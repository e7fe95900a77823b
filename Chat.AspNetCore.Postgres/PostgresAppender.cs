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
    private const string AppendToRoom = "SELECT * FROM grpcchat.append($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    private const string AppendToNew =
        "SELECT * FROM grpcchat.append_to_new($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

    // In the order of their names: two transactions that add the same senders wait for each other, and never in a circle.
    private const string AddSenders = """
        INSERT INTO grpcchat.sender (name) SELECT DISTINCT s FROM unnest($1) AS s ORDER BY s ON CONFLICT DO NOTHING
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
                    ? Task.FromResult(Outcome.Nothing)
                    : RunAsync(connection, room, open, seen, creator, sentAt),
                static outcome => outcome.Stored is not null);
            if (outcome.Stored is not null)
            {
                outcome.Stored.Answer();
                return Added.Of(batch, sentAt);
            }

            if (outcome.LacksSender)
            {
                await AddSendersAsync(open);
                continue;
            }

            if (creator is not null)
            {
                refused[QuotaOf(creator)] = outcome.RoomRefused!;
            }

            creator = FindCreator(open, refused);
        }
    }

    private async Task<Outcome> RunAsync(
        NpgsqlConnection connection, string room, List<Append> sends, long seen, Append? creator, long sentAt)
    {
        var distinct = new DistinctSends(sends);
        await using var command = new NpgsqlCommand(creator is null ? AppendToRoom : AppendToNew, connection) { CommandTimeout = 0 };
        AddParameters(command.Parameters, room, distinct.Asked, seen, sentAt);
        if (creator is not null)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = QuotaOf(creator) });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Minute });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = options.MaxNewRoomsPerSenderAndMinute });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = options.MaxRooms });
        }

        var outcome = new Outcome(Stored: null, LacksSender: false, RoomRefused: null);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync())
        {
            long? number = reader.IsDBNull(0) ? null : reader.GetInt64(0);
            long? id = reader.IsDBNull(1) ? null : reader.GetInt64(1);
            if (number == 0)
            {
                distinct.SetAllStored(id!.Value);
                outcome = outcome with { Stored = distinct };
            }
            else if (number is not null)
            {
                distinct.SetResult((int)number - 1, id, reader.IsDBNull(2) ? null : Sql.ToHash(reader.GetFieldValue<byte[]>(2)));
                outcome = outcome with { Stored = distinct };
            }
            else if (reader.IsDBNull(3))
            {
                var fullSince = reader.IsDBNull(5) ? null : (long?)reader.GetInt64(5);
                outcome = outcome with { RoomRefused = RefuseRoom(reader.GetInt64(4), fullSince, sentAt) };
            }
            else
            {
                ThrowIfBehind(room, reader.GetInt64(3), seen);
                outcome = outcome with { LacksSender = true };
            }
        }

        // Only the end of all results says that the server has committed.
        while (await reader.NextResultAsync())
        {
        }

        return outcome;
    }

    private static void AddParameters(NpgsqlParameterCollection parameters, string room, List<Append> sends, long seen, long sentAt)
    {
        // Most sends of a room come from a few senders.
        var senders = new List<string>();
        var places = new Dictionary<string, int>();
        var senderOf = new int[sends.Count];
        var offsets = new string[sends.Count];
        var hashes = new byte[sends.Count][];
        var texts = new byte[sends.Count][];
        bool[]? refused = null;
        for (var i = 0; i < sends.Count; i++)
        {
            var send = sends[i];
            if (!places.TryGetValue(send.Sender, out senderOf[i]))
            {
                senders.Add(send.Sender);
                places[send.Sender] = senderOf[i] = senders.Count;
            }

            (offsets[i], hashes[i], texts[i]) = (send.ClientOffset, Sql.ToBytes(send.ContentHash), send.Text);
            if (send.RefuseIfNew is not null)
            {
                (refused ??= new bool[sends.Count])[i] = true;
            }
        }

        parameters.Add(new NpgsqlParameter<string> { TypedValue = room });
        parameters.Add(new NpgsqlParameter<List<string>> { TypedValue = senders });
        parameters.Add(new NpgsqlParameter<int[]> { TypedValue = senderOf });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = offsets });
        parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = hashes });
        parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = texts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        parameters.Add(new NpgsqlParameter<bool[]?> { TypedValue = refused, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = seen });
        parameters.Add(new NpgsqlParameter<long> { TypedValue = sentAt });
    }

    private static void ThrowIfBehind(string room, long head, long seen)
    {
        if (head < seen)
        {
            throw new LogDamagedException(
                $"room {room}: the newest message was {seen} and is {head} now; the database was restored or has lost messages: "
                + "give it a new log id");
        }
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

    private Refused RefuseRoom(long rooms, long? fullSince, long now)
    {
        // A node whose clock is behind may see rooms that will be created.
        var left = TimeSpan.FromMicroseconds(Math.Clamp((fullSince ?? now) + Minute - now, 1, Minute));
        return rooms >= options.MaxRooms
            ? Refusals.TooManyRooms(options.MaxRooms)
            : Refusals.TooManyNewRooms(options.MaxNewRoomsPerSenderAndMinute, left);
    }

    private static string QuotaOf(Append append) => append.Quota ?? append.Sender;

    // A transaction of its own, before the one with the messages: the log of the server keeps them in this order, so a message is
    // never there without its sender.
    private async Task AddSendersAsync(List<Append> sends)
    {
        var names = sends.Where(append => append.RefuseIfNew is null).Select(append => append.Sender).ToArray();
        await server.Commands.RunAsync(
            await server.ConnectAsync(CancellationToken.None),
            async connection =>
            {
                await using var command = new NpgsqlCommand(AddSenders, connection) { CommandTimeout = 0 };
                command.Parameters.Add(Sql.ToParameter(names));
                return await command.ExecuteNonQueryAsync(CancellationToken.None);
            },
            Timeout.InfiniteTimeSpan,
            CancellationToken.None);
    }

    /// <param name="Stored">What has become of the sends. Null = nothing was stored.</param>
    /// <param name="LacksSender">Whether nothing was stored because a sender has no id yet.</param>
    /// <param name="RoomRefused">Why the room was not made.</param>
    private sealed record Outcome(DistinctSends? Stored, bool LacksSender, Refused? RoomRefused)
    {
        /// <summary>Every send was refused without a look into the room.</summary>
        public static Outcome Nothing => new(new DistinctSends([]), LacksSender: false, RoomRefused: null);
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
