using System.Globalization;
using System.Text;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Tells the other nodes, a few milliseconds after the commit, which rooms have new messages. Never inside the append: a
/// notification holds a lock of the whole database through the commit. A hint may be lost.
/// </summary>
#pragma warning disable CA1001 // Not disposable: the semaphore holds no resource while nobody asks for its wait handle.
internal sealed class CommitHints(PostgresServer server, Action<string, long> onHint, Action lookNow)
#pragma warning restore CA1001
{
    // The largest payload is 8,000 bytes.
    private const int MaxPayload = 7_900;

    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim work = new(0);
    private readonly Lock gate = new();
    private Dictionary<string, long> pending = [];

    private string Channel => ChannelOf(server);

    /// <summary>Tells the nodes that something other than a room has changed.</summary>
    public static async Task LookNowAsync(NpgsqlConnection connection, PostgresServer server, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT pg_notify($1, ':0')", connection);
        command.Parameters.Add(new() { Value = ChannelOf(server) });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>This node has stored a message.</summary>
    public void Add(string room, long head)
    {
        lock (gate)
        {
            if (pending.Count == 0)
            {
                work.Release();
            }

            pending[room] = head;
        }
    }

    /// <summary>Sends hints until the end is asked for.</summary>
    public async Task SendAsync(CancellationToken stopping)
    {
        while (true)
        {
            await work.WaitAsync(stopping);
            await Task.Delay(Gather, stopping);
            Dictionary<string, long> heads;
            lock (gate)
            {
                (heads, pending) = (pending, []);
            }

            try
            {
                await using var connection = await server.ConnectAsync(stopping);
                await using var command = new NpgsqlCommand("SELECT pg_notify($1, hint) FROM unnest($2) AS hint", connection)
                {
                    CommandTimeout = 5,
                };
                command.Parameters.Add(new() { Value = Channel });
                command.Parameters.Add(new() { Value = ToPayloads(heads).ToArray() });
                await command.ExecuteNonQueryAsync(stopping);
            }
            catch (Exception error) when (!stopping.IsCancellationRequested && PostgresErrors.IsUnavailable(error))
            {
                // The other nodes look at the heads once a second.
                await Task.Delay(Retry, stopping);
            }
        }
    }

    /// <summary>Listens to the other nodes until the end is asked for.</summary>
    public async Task ListenAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await using var connection = await server.ConnectToListenAsync(stopping);
                connection.Notification += (_, hint) => Read(hint.Payload);
                await using (var command = new NpgsqlCommand($"LISTEN \"{Channel}\"", connection) { CommandTimeout = 5 })
                {
                    await command.ExecuteNonQueryAsync(stopping);
                }

                // What came while nobody listened.
                lookNow();
                while (true)
                {
                    await connection.WaitAsync(stopping);
                }
            }
            catch (Exception error) when (!stopping.IsCancellationRequested && PostgresErrors.IsUnavailable(error))
            {
                await Task.Delay(Retry, stopping);
            }
        }
    }

    private static string ChannelOf(PostgresServer server) => $"grpcchat_{server.LogId}";

    private static IEnumerable<string> ToPayloads(Dictionary<string, long> heads)
    {
        var payload = new StringBuilder();
        foreach (var (room, head) in heads)
        {
            var hint = string.Create(CultureInfo.InvariantCulture, $"{room}:{head}");
            if (payload.Length + 1 + hint.Length > MaxPayload)
            {
                yield return payload.ToString();
                payload.Clear();
            }

            payload.Append(payload.Length > 0 ? "," : "").Append(hint);
        }

        yield return payload.ToString();
    }

    // Whoever may connect to the database may send anything.
    private void Read(string payload)
    {
        foreach (var hint in payload.Split(','))
        {
            var colon = hint.IndexOf(':', StringComparison.Ordinal);
            if (colon == 0)
            {
                lookNow();
            }
            else if (colon > 0 && long.TryParse(hint.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var head))
            {
                onHint(hint[..colon], head);
            }
        }
    }
}
