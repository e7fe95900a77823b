using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Connects to the one of several hosts that takes writes. The next host is tried when one has not answered for a moment, beside it:
/// a machine that is gone must not hold up a fail-over until the time of a connection is over. Not Npgsql's own choice of a host: it
/// asks one that does not answer every time, and each time waits for it.
/// </summary>
internal static class HostRace
{
    // A connection takes a few milliseconds, and some more with TLS and on a machine that has much to do.
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(500);

    /// <summary>Connects, and returns the host that was the first to take writes.</summary>
    /// <param name="hosts">A source of connections for each host. A standby refuses them.</param>
    /// <param name="first">The index of the host that is tried first.</param>
    /// <param name="cancellation">Ends all attempts.</param>
    /// <exception cref="StoreUnavailableException">The last host to answer does not take writes.</exception>
    /// <exception cref="NpgsqlException">The last host to answer cannot be reached.</exception>
    public static async ValueTask<(NpgsqlConnection Connection, int Host)> ConnectAsync(
        NpgsqlDataSource[] hosts, int first, CancellationToken cancellation)
    {
        // Nearly always, the pool has an idle connection, which is there at once.
        var opening = hosts[first].OpenConnectionAsync(cancellation);
        if (opening.IsCompletedSuccessfully || hosts.Length == 1)
        {
            return (await opening, first);
        }

        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = new Dictionary<Task<NpgsqlConnection>, int> { [opening.AsTask()] = first };
        var tried = 1;
        try
        {
            while (true)
            {
                var headStart = Task.Delay(tried < hosts.Length ? HeadStart : Timeout.InfiniteTimeSpan, CancellationToken.None);
                if (await Task.WhenAny(running.Keys.Append(headStart)) is Task<NpgsqlConnection> ended)
                {
                    running.Remove(ended, out var host);
                    if (!IsRefused(ended) || (running.Count == 0 && tried == hosts.Length))
                    {
                        return (await ended, host);
                    }
                }

                if (tried < hosts.Length)
                {
                    // Perhaps this one is the primary now.
                    var next = (first + tried++) % hosts.Length;
                    running[hosts[next].OpenConnectionAsync(losers.Token).AsTask()] = next;
                }
            }
        }
        finally
        {
            await losers.CancelAsync();
            foreach (var late in running.Keys)
            {
                _ = DisposeAsync(late);
            }
        }
    }

    private static bool IsRefused(Task<NpgsqlConnection> ended) =>
        ended.Exception is { InnerException: { } error } && PostgresErrors.IsUnavailable(error);

    private static async Task DisposeAsync(Task<NpgsqlConnection> late)
    {
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully)
        {
            await (await late).DisposeAsync();
        }
    }
}
