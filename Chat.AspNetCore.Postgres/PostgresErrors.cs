using System.Net.Sockets;
using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>What the errors of PostgreSQL and of the connection to it mean, and what to do.</summary>
internal static class PostgresErrors
{
    /// <summary>
    /// Whether the outcome is unknown, or another attempt can succeed at once: the connection was lost, the server is starting or
    /// stopping, or it ended this command.
    /// </summary>
    public static bool IsWorthARetry(Exception error) => error switch
    {
        // Connection errors, intervention by an operator, and deadlocks.
        PostgresException { SqlState: var state } => state[..2] is "08" or "57" or "40",
        NpgsqlException or IOException or SocketException or TimeoutException => true,
        UnconfirmedCommitException => true,

        // Of a connection or a pool that was closed under the command.
        ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>Whether the server cannot do what was asked now, but may later. Anything else is a fault of the log.</summary>
    public static bool IsUnavailable(Exception error) => error is StoreUnavailableException
        || IsWorthARetry(error) || error is PostgresException { SqlState: var state } && state[..2] != "23";

    /// <summary>A broken constraint: rows are there that the ids of the room do not know of.</summary>
    public static bool IsDamage(Exception error) => error is PostgresException { SqlState: var state } && state[..2] == "23";

    /// <summary>What is wrong, as a sentence for the operator.</summary>
    public static string Describe(string location, Exception error) => error switch
    {
        StoreUnavailableException => error.Message,
        PostgresException server => $"{location}: {server.MessageText}",
        _ => $"{location} does not answer: {(error.InnerException ?? error).Message}",
    };

    /// <summary>Why the log cannot be opened, and what to do.</summary>
    public static LogOpenException CannotOpen(string location, string? user, Exception error) => new(
        error switch
        {
            StoreUnavailableException => error.Message,
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification }
                => $"{location} refuses user '{user}': {((PostgresException)error).MessageText}; "
                   + "correct Username and Password, or the server's pg_hba.conf",
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName }
                => $"{location}: there is no such database; create it: CREATE DATABASE … ENCODING 'UTF8'",
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } server
                => $"{location}: user '{user}' lacks a right: {server.MessageText}; "
                   + $"GRANT CREATE ON DATABASE … TO \"{user}\" once, or have another user create the tables and grant them",
            PostgresException server => $"{location}: {server.MessageText} (SQLSTATE {server.SqlState})",
            NpgsqlException { Message: "No password has been provided but the backend requires one (in SASL/SCRAM-SHA-256)" }
                => $"{location} wants a password for user '{user}', and there is none; add Password=…",
            _ => $"{location} cannot be reached: {(error.InnerException ?? error).Message}; "
                 + "start the server, or correct Host and Port",
        },
        error,
        isRetryable: IsCuredByTime(error));

    // The server starts, stops or has no room, or the network does not reach it. Not what is wrong with a password or with TLS.
    private static bool IsCuredByTime(Exception error) => error switch
    {
        PostgresException { SqlState: var state } => IsWorthARetry(error) || state[..2] == "53",
        NpgsqlException => error.InnerException is IOException or SocketException or TimeoutException,
        _ => true,
    };
}

/// <summary>
/// The server said that a commit may be on this server only, and not on its standbys: a failover could lose it. So it counts as a
/// commit with an unknown outcome.
/// </summary>
internal sealed class UnconfirmedCommitException(string message) : Exception(message);
