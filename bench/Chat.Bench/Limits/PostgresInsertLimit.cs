using System.Diagnostics;
using System.Globalization;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using Npgsql;

namespace GrpcChat.Bench.Limits;

/// <summary>
/// limit-postgres: bare loops on several connections that insert the rows of the service's log, a message and its client offset
/// for each send, in batches of given sizes. Each batch is one transaction in one round trip.
/// </summary>
/// <param name="connectionString">An empty database.</param>
/// <param name="batches">The sizes, used in turn.</param>
/// <param name="connections">How many loops.</param>
/// <param name="rooms">The number of rooms, divided among the loops.</param>
/// <param name="length">How long it runs after the warm-up.</param>
internal sealed class PostgresInsertLimit(
    string connectionString, IReadOnlyList<int> batches, int connections, int rooms, TimeSpan length)
{
    public const string InsertP50 = "insert p50 (ms)";

    private const long SenderId = 1;
    private const string InsertMessages = """
        INSERT INTO grpcchat.message (room_id, id, sender_id, sent_at, client_offset, text)
        SELECT $1, unnest($2), $3, $4, unnest($5), unnest($6)
        """;

    private const string InsertOffsets = """
        INSERT INTO grpcchat.sent_key (room_id, sender_id, client_offset, id, content_hash)
        SELECT $1, $3, unnest($5), unnest($2), $4
        """;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly byte[] Hash = new byte[16];

    private long rows;
    private long commits;

    public async Task<RoundResult> RunAsync(CancellationToken stop)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxPoolSize = connections,
            MaxAutoPrepare = 10,
            AutoPrepareMinUsages = 1,
        });
        await using (var first = await source.OpenConnectionAsync(stop))
        {
            PostgresSchema.Prepare(first, "the database of the bench");
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var latencies = new Latencies();
        var loops = Enumerable.Range(0, connections).Select(loop => Task.Run(() => LoopAsync(source, loop, latencies, over.Token), stop));
        var running = Task.WhenAll(loops.ToList());
        await await Task.WhenAny(running, Task.Delay(WarmUp, stop));
        latencies.Begin();
        var (began, rowsBefore, commitsBefore) = (Stopwatch.GetTimestamp(), Interlocked.Read(ref rows), Interlocked.Read(ref commits));
        await await Task.WhenAny(running, Task.Delay(length, stop));
        var (stored, transactions) = (Interlocked.Read(ref rows) - rowsBefore, Interlocked.Read(ref commits) - commitsBefore);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        latencies.End();
        await over.CancelAsync();
        await running;
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [Figures.RowsPerSecond] = stored / seconds,
                [InsertP50] = latencies.Percentile(50),
                ["commits/s"] = transactions / seconds,
                ["rows per commit"] = (double)stored / transactions,
            },
        };
    }

    private async Task LoopAsync(NpgsqlDataSource source, int loop, Latencies latencies, CancellationToken stop)
    {
        await using var connection = await source.OpenConnectionAsync(CancellationToken.None);
        var heads = new Dictionary<long, long>();
        var client = SendEncoder.NewClientId();
        for (var turn = 0; !stop.IsCancellationRequested; turn++)
        {
            var count = batches[((turn * connections) + loop) % batches.Count];
            var room = loop + ((long)connections * (turn % Math.Max(1, rooms / connections)));
            var head = heads.GetValueOrDefault(room);
            var ids = Enumerable.Range(1, count).Select(n => head + n).ToArray();
            var offsets = Array.ConvertAll(ids, id => string.Create(CultureInfo.InvariantCulture, $"{client}-{room}-{id}"));
            var text = BenchText.Of(Stopwatch.GetTimestamp());
            await using var batch = new NpgsqlBatch(connection)
            {
                BatchCommands =
                {
                    Command(InsertMessages, room, ids, SenderId, LogTime.ToMicroseconds(DateTimeOffset.UtcNow), offsets, Array.ConvertAll(ids, _ => text)),
                    Command(InsertOffsets, room, ids, SenderId, Hash, offsets),
                },
            };
            var began = Stopwatch.GetTimestamp();
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
            latencies.Record(began);
            heads[room] = head + count;
            Interlocked.Add(ref rows, count);
            Interlocked.Increment(ref commits);
        }
    }

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
#pragma warning disable CA2100 // The SQL is a constant of this class.
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
