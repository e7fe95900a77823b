using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Who is blocked on all nodes whose message log is in a PostgreSQL database. Running nodes hear of a change at once, or with
/// their next look at the database, a second later at most.
/// </summary>
public static class PostgresBlockedSenders
{
    /// <summary>Reads the names, in alphabetical order.</summary>
    /// <param name="connectionString">As for <c>AddGrpcChatPostgres</c>.</param>
    /// <param name="cancellation">Cancels the call.</param>
    /// <exception cref="LogOpenException">The database cannot be used. The message says why, and what to do.</exception>
    public static Task<IReadOnlyList<string>> ReadAsync(string connectionString, CancellationToken cancellation = default) =>
        UseAsync<IReadOnlyList<string>>(connectionString, async server =>
        {
            var reader = new PostgresReader(server, maxAtOnce: 1);
            return await reader.ListBlockedSendersAsync(cancellation);
        });

    /// <summary>Blocks a sender: open streams end, and new calls are refused.</summary>
    /// <param name="connectionString">As for <c>AddGrpcChatPostgres</c>.</param>
    /// <param name="sender">The name, as the sender's messages carry it.</param>
    /// <param name="cancellation">Cancels the call.</param>
    /// <returns>False if the sender was blocked already.</returns>
    /// <exception cref="LogOpenException">The database cannot be used. The message says why, and what to do.</exception>
    public static Task<bool> BlockAsync(string connectionString, string sender, CancellationToken cancellation = default) =>
        ChangeAsync(connectionString, "INSERT INTO grpcchat.blocked_sender VALUES ($1) ON CONFLICT DO NOTHING", sender, cancellation);

    /// <summary>Lets a sender call again.</summary>
    /// <param name="connectionString">As for <c>AddGrpcChatPostgres</c>.</param>
    /// <param name="sender">The name, as the sender's messages carry it.</param>
    /// <param name="cancellation">Cancels the call.</param>
    /// <returns>False if the sender was not blocked.</returns>
    /// <exception cref="LogOpenException">The database cannot be used. The message says why, and what to do.</exception>
    public static Task<bool> UnblockAsync(string connectionString, string sender, CancellationToken cancellation = default) =>
        ChangeAsync(connectionString, "DELETE FROM grpcchat.blocked_sender WHERE name = $1", sender, cancellation);

    private static Task<bool> ChangeAsync(
        string connectionString, string sql, string sender, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(sender);
        return UseAsync(connectionString, async server =>
        {
            await using var connection = await server.ConnectAsync(cancellation);
#pragma warning disable CA2100 // A constant of this class.
            await using var change = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
            change.Parameters.Add(new() { Value = sender });
            var hasChanged = await change.ExecuteNonQueryAsync(cancellation) > 0;
            await CommitHints.LookNowAsync(connection, server, cancellation);
            return hasChanged;
        });
    }

    private static async Task<T> UseAsync<T>(string connectionString, Func<PostgresServer, Task<T>> use)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        await using var server = PostgresServer.Open(connectionString, _ => { });
        try
        {
            return await use(server);
        }
        catch (Exception error) when (PostgresErrors.IsUnavailable(error))
        {
            throw new LogOpenException(PostgresErrors.Describe(server.Location, error), error, isRetryable: true);
        }
    }
}
