using System.Globalization;
using System.Runtime.CompilerServices;
using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Takes texts away, in steps of one transaction for one room. The room counts these transactions, so that every node finds out
/// that its copies of the room's messages are old.
/// </summary>
internal sealed class PostgresErasure(
    IMessageLog log, PostgresServer server, PostgresReader reader, LogOptions options, Action<string, long> onErased)
{
    /// <summary>What cannot be erased by SQL.</summary>
    private const string Traces =
        "the files of the server, its write-ahead log, standbys and backups may still have traces of the texts";

    // A transaction, which senders wait for.
    private const int RowsPerStep = 500;

    private const string LockRoom = "SELECT FROM grpcchat.room WHERE name = $1 FOR UPDATE";

    private const string ById = """
        SELECT m.sender_id, m.client_offset, m.id
        FROM target t JOIN grpcchat.message m ON m.room_id = t.room_id WHERE m.id = ANY($3)
        """;

    // Also of messages that are not kept: their hashes are.
    private const string BySender = """
        SELECT k.sender_id, k.client_offset, k.id
        FROM target t CROSS JOIN grpcchat.sender s
        JOIN grpcchat.sent_key k ON k.room_id = t.room_id AND k.sender_id = s.sender_id
        WHERE s.name = $3 AND k.client_offset > $4 ORDER BY k.client_offset LIMIT $5
        """;

    // How many texts it took, how many had been taken before, the last client offset, and the room's number of erasures.
    private const string Erase = """
        , kept AS (
            SELECT m.id, m.erased FROM target t CROSS JOIN page p JOIN grpcchat.message m ON m.room_id = t.room_id AND m.id = p.id
        ), texts AS (
            UPDATE grpcchat.message m SET text = '', erased = true
            FROM target t, page p WHERE m.room_id = t.room_id AND m.id = p.id AND NOT m.erased
        ), hashes AS (
            UPDATE grpcchat.sent_key k SET content_hash = $2
            FROM target t, page p
            WHERE k.room_id = t.room_id AND k.sender_id = p.sender_id AND k.client_offset = p.client_offset AND k.content_hash <> $2
        ), counted AS (
            UPDATE grpcchat.room r SET erasures = r.erasures + 1
            FROM target t WHERE r.room_id = t.room_id AND EXISTS (SELECT FROM kept WHERE NOT erased)
        )
        SELECT (SELECT count(*) FROM kept WHERE NOT erased), (SELECT count(*) FROM kept WHERE erased),
               COALESCE((SELECT max(client_offset) FROM page), ''), (SELECT erasures FROM target)
        """;

    private const string Target = "WITH target AS (SELECT room_id, erasures FROM grpcchat.room WHERE name = $1), page AS";
    private const string EraseIds = $"{Target} ({ById}){Erase}";
    private const string EraseSender = $"{Target} ({BySender}){Erase}";

    private readonly PostgresTransactions transactions = new(server, options);

    /// <summary>See <see cref="IMessageLog.EraseAsync"/>.</summary>
    public async Task<ErasureSummary> RunAsync(
        MessagesToErase messages, IProgress<double>? progress, CancellationToken cancellation)
    {
        var (erased, erasedBefore) = (0L, 0L);
        try
        {
            var steps = messages.Sender is null
                ? EraseIdsAsync(messages, progress, cancellation)
                : EraseSenderAsync(messages, progress, cancellation);
            await foreach (var step in steps)
            {
                (erased, erasedBefore) = (erased + step.Erased, erasedBefore + step.ErasedBefore);
            }

            return new ErasureSummary(erased, erasedBefore, Traces);
        }
        catch (Exception error) when (error is LogDamagedException || PostgresErrors.IsUnavailable(error))
        {
            var why = error is LogDamagedException ? error.Message : PostgresErrors.Describe(server.Location, error);
            throw new LogMaintenanceException(
                erased + erasedBefore == 0
                    ? $"nothing was erased: {why}"
                    : string.Create(CultureInfo.InvariantCulture, $"the texts of {erased:N0} messages were erased, and no more: ")
                        + $"{why}; run the command again when this is mended",
                error);
        }
    }

    private async IAsyncEnumerable<Step> EraseIdsAsync(
        MessagesToErase messages, IProgress<double>? progress, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Erasures.EnsureKept(messages, await log.BoundsAsync(messages.Room!, cancellation));
        var done = 0;
        foreach (var ids in messages.Ids.Chunk(RowsPerStep))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return await EraseAsync(messages.Room!, EraseIds, ids);
            progress?.Report((double)(done += ids.Length) / messages.Ids.Count);
        }
    }

    private async IAsyncEnumerable<Step> EraseSenderAsync(
        MessagesToErase messages, IProgress<double>? progress, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var rooms = await reader.ReadRoomsOfSenderAsync(messages.Sender!, cancellation);
        if (messages.Room is { } only)
        {
            rooms.RemoveAll(room => room != only);
        }

        if (rooms.Count == 0)
        {
            throw Erasures.UnknownSender(messages);
        }

        var done = 0;
        foreach (var room in rooms)
        {
            for (var last = ""; ;)
            {
                cancellation.ThrowIfCancellationRequested();
                var step = await EraseAsync(room, EraseSender, messages.Sender!, last, (long)RowsPerStep);
                if (step.LastOffset.Length == 0)
                {
                    break;
                }

                last = step.LastOffset;
                yield return step;
            }

            progress?.Report((double)++done / rooms.Count);
        }
    }

    private async Task<Step> EraseAsync(string room, string sql, params object[] values)
    {
        var step = await transactions.RepeatAsync(
            () => transactions.RunAsync([], connection => RunAsync(connection, room, sql, values), static _ => true), log.Health);

        // Also if it was erased before: perhaps by this command, whose connection was lost when it had been committed.
        if (step.Erased + step.ErasedBefore > 0)
        {
            onErased(room, step.Erasures + (step.Erased > 0 ? 1 : 0));
        }

        return step;
    }

    private static async Task<Step> RunAsync(NpgsqlConnection connection, string room, string sql, object[] values)
    {
        await using var commands = new NpgsqlBatch(connection) { Timeout = 0 };
        commands.BatchCommands.Add(Sql.Command(LockRoom, room));
        commands.BatchCommands.Add(Sql.Command(sql, [room, Sql.ToBytes(Append.ErasedHash), .. values]));
        await using var reader = await commands.ExecuteReaderAsync(CancellationToken.None);
        await reader.NextResultAsync();
        await reader.ReadAsync();
        var step = new Step(reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2), reader.GetInt64(3));
        while (await reader.NextResultAsync())
        {
        }

        return step;
    }

    private readonly record struct Step(long Erased, long ErasedBefore, string LastOffset, long Erasures);
}
