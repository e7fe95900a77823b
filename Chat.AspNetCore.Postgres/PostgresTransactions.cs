using System.Data;
using System.Diagnostics;
using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>Runs what changes the log: one transaction for one room, in one round trip, which nothing cancels.</summary>
internal sealed class PostgresTransactions(PostgresServer server, LogOptions options)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs statements that belong together, and commits them.</summary>
    /// <param name="batch">The sends that they store, for tests that stand before the commit.</param>
    /// <param name="run">
    /// Sends the statements as one batch, so that the server begins and commits by itself. It changes nothing here: nobody may wait for
    /// its result any more.
    /// </param>
    /// <param name="isDone">Whether the statements have changed what they should. If not, they have changed nothing.</param>
    /// <exception cref="IOException">The server is gone.</exception>
    /// <exception cref="UnconfirmedCommitException">The commit may be on this server only.</exception>
    public async Task<T> RunAsync<T>(IReadOnlyList<Append> batch, Func<NpgsqlConnection, Task<T>> run, Func<T, bool> isDone) =>
        await server.Commands.RunAsync(
            await server.ConnectAsync(CancellationToken.None), connection => CommitAsync(connection, batch, run, isDone),
            Timeout.InfiniteTimeSpan, CancellationToken.None);

    /// <summary>
    /// Runs a change until its outcome is known: after a lost connection nobody knows whether it was committed, and the same
    /// change again finds out.
    /// </summary>
    /// <param name="change">The change. A second time, it changes nothing.</param>
    /// <param name="health">While the log takes no messages, a change is tried once.</param>
    /// <exception cref="LogDamagedException">The rows do not fit together.</exception>
    public async Task<T> RepeatAsync<T>(Func<Task<T>> change, LogHealth health)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await change();
            }
            catch (Exception error) when (PostgresErrors.IsWorthARetry(error) && health.WriteProblem is null
                && TimeProvider.System.GetElapsedTime(began) < options.LockTimeout)
            {
                await Task.Delay(RetryDelay);
            }
            catch (Exception error) when (PostgresErrors.IsDamage(error))
            {
                throw new LogDamagedException($"the rows do not fit the ids of the room: {error.Message}");
            }
        }
    }

    private async Task<T> CommitAsync<T>(
        NpgsqlConnection connection, IReadOnlyList<Append> batch, Func<NpgsqlConnection, Task<T>> run, Func<T, bool> isDone)
    {
        var warning = "";
        void OnNotice(object sender, NpgsqlNoticeEventArgs notice) => warning = notice.Notice.MessageText;
        connection.Notice += OnNotice;
        try
        {
            // Tests stand between the statements and the commit. Without them, the server begins and commits by itself.
            await using var transaction = options.BeforeCommit is null
                ? null
                : await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted);
            var began = Stopwatch.GetTimestamp();
            var result = await run(connection);
            if (!isDone(result))
            {
                return result;
            }

            if (transaction is not null)
            {
                await Task.Run(() => options.BeforeCommit!(batch)); // It may block, and this may still be the caller's own thread.
                await transaction.CommitAsync();
            }

            options.Metrics.OnCommitted(began);
            return warning.Length == 0 ? result : throw new UnconfirmedCommitException(warning);
        }
        finally
        {
            connection.Notice -= OnNotice;
        }
    }
}
