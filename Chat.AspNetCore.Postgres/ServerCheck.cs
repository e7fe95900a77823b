using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>What must be so of a server, and of a pooler in front of it, before a log is opened.</summary>
internal static class ServerCheck
{
    /// <summary>What to do if a pooler accepts connections and lets them wait.</summary>
    public const string PoolHint =
        "if a pooler in front of it has no connection left, raise its default_pool_size and max_client_conn, or lower Maximum Pool "
        + "Size on the nodes";

    private const int OldestVersion = 150_000;
    private const int TimeoutSeconds = 15;

    /// <summary>Whether a server with this <c>synchronous_commit</c> keeps what it has committed.</summary>
    public static bool IsDurable(string synchronousCommit) => synchronousCommit is "on" or "remote_apply";

    /// <summary>Checks a server.</summary>
    /// <param name="connection">An open connection to it.</param>
    /// <param name="location">The database, for people.</param>
    /// <returns>
    /// Whether a pooler is in between: the process that the connection was told of at its start is not the one that serves it.
    /// </returns>
    /// <exception cref="LogOpenException">The server cannot be used, or is a standby.</exception>
    /// <exception cref="StoreUnavailableException">Nobody answers.</exception>
    public static bool EnsureUsable(NpgsqlConnection connection, string location)
    {
        using var command = new NpgsqlCommand(
            """
            SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding'),
                   current_setting('synchronous_commit'), current_setting('fsync'), pg_is_in_recovery(),
                   current_setting('default_transaction_read_only'), pg_backend_pid()
            """,
            connection);
        using var reader = FirstAnswerAsync(command, location).GetAwaiter().GetResult();
        reader.Read();
        var (version, encoding, commit, fsync) = (reader.GetInt32(0), reader.GetString(2), reader.GetString(3), reader.GetString(4));
        var isStandby = reader.GetBoolean(5);
        var problem =
            version < OldestVersion ? $"is version {reader.GetString(1)}; use PostgreSQL 15 or newer"
            : encoding != "UTF8" ? $"has the encoding {encoding}; create the database with ENCODING 'UTF8'"
            : isStandby ? "is a read-only standby; name the primary, or all hosts, separated by commas"
            : reader.GetString(6) == "on" ? "has default_transaction_read_only=on; set it to off for this user and database"
            : !IsDurable(commit)
                ? $"has synchronous_commit={commit}, so a message could be lost after its ack; set it to on for this user and database"
            : fsync != "on" ? $"has fsync={fsync}, so a power failure could lose messages; set fsync=on in postgresql.conf"
            : null;

        // A standby may be promoted in a moment. In a failover, all servers can be standbys for a while.
        return problem is null
            ? connection.ProcessID != reader.GetInt32(7)
            : throw new LogOpenException($"{location} {problem}", isRetryable: isStandby);
    }

    /// <summary>
    /// Checks that a pooler lends each of its clients a connection of the server for as long as the client is there. Settings,
    /// prepared statements and LISTEN belong to a connection of the server.
    /// </summary>
    /// <param name="first">An open connection to the pooler.</param>
    /// <param name="second">Another one.</param>
    /// <param name="location">The database, for people.</param>
    /// <exception cref="LogOpenException">The pooler shares connections.</exception>
    /// <exception cref="StoreUnavailableException">The pooler has no second connection now.</exception>
    public static void EnsureSessions(NpgsqlConnection first, NpgsqlConnection second, string location)
    {
        // A pooler that shares connections lends the one that came back last, or the one that came back first. In the first case, both
        // clients get the same. In the other, a client gets another one with its next query, if there is another one.
        var a = BackendOf(first, location);
        var isShared = a != BackendOf(first, location);
        var b = BackendOf(second, location);
        isShared |= a == b || b != BackendOf(second, location);
        if (!isShared)
        {
            // Other clients may have come in between. A connection that is in a transaction is not lent to anybody else.
            using var transaction = second.BeginTransaction();
            isShared = b != BackendOf(second, location) || a != BackendOf(first, location);
        }

        if (isShared)
        {
            throw new LogOpenException(
                $"{location} is behind a pooler that shares connections between its clients (transaction or statement mode), so "
                + "LISTEN and prepared statements do not work; set pool_mode=session, or connect to the server directly");
        }
    }

    /// <summary>Runs the first query of a connection.</summary>
    /// <exception cref="StoreUnavailableException">The connection was accepted, and nobody answers.</exception>
    public static async Task<NpgsqlDataReader> FirstAnswerAsync(NpgsqlCommand command, string location)
    {
        command.CommandTimeout = TimeoutSeconds;
        try
        {
            return await command.ExecuteReaderAsync();
        }
        catch (NpgsqlException error) when (error.InnerException is TimeoutException)
        {
            throw new StoreUnavailableException(
                $"{location} has not answered the first query of a connection for {TimeoutSeconds} s; {PoolHint}", error);
        }
    }

    private static int BackendOf(NpgsqlConnection connection, string location)
    {
        using var command = new NpgsqlCommand("SELECT pg_backend_pid()", connection);
        using var reader = FirstAnswerAsync(command, location).GetAwaiter().GetResult();
        reader.Read();
        return reader.GetInt32(0);
    }
}
