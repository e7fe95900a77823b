using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace GrpcChat.Client.Sqlite;

/// <summary>Commits messages together with effects in the state file.</summary>
public static class SqliteCommitExtensions
{
    /// <summary>
    /// Moves the position to a message in one transaction with an effect of the application, in its own tables in the
    /// state file: the effect happens exactly once, even if the process is killed at any moment.
    /// </summary>
    /// <param name="client">
    /// The client; its <see cref="ChatClientOptions.StateStore"/> is a <see cref="SqliteStateStore"/>.
    /// </param>
    /// <param name="message">The message.</param>
    /// <param name="effect">
    /// Writes with the connection and the transaction, and closes neither. If it throws, nothing has happened. Table
    /// names that start with <c>chat_</c> are reserved for the client. It must not wait for this client: see
    /// <see cref="ChatClient.CommitAsync(ChatMessage, Func{DbTransaction, Task})"/>.
    /// </param>
    /// <returns>False if the position was there already; the effect did not run.</returns>
    /// <inheritdoc cref="ChatClient.CommitAsync(ChatMessage, Func{DbTransaction, Task})" path="/exception"/>
    public static Task<bool> CommitAsync(
        this IChatClient client, ChatMessage message, Func<SqliteConnection, SqliteTransaction, Task> effect)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(effect);
        return client.CommitAsync(message, transaction =>
            transaction is SqliteTransaction { Connection: { } connection } sqlite
                ? effect(connection, sqlite)
                : throw new ChatStateException(
                    "an effect in SQLite needs a SqliteStateStore as ChatClientOptions.StateStore"));
    }

    /// <inheritdoc cref="CommitAsync(IChatClient, ChatMessage, Func{SqliteConnection, SqliteTransaction, Task})"/>
    public static Task<bool> CommitAsync(
        this IChatClient client, ChatMessage message, Action<SqliteConnection, SqliteTransaction> effect)
    {
        ArgumentNullException.ThrowIfNull(effect);
        return client.CommitAsync(message, (connection, transaction) =>
        {
            effect(connection, transaction);
            return Task.CompletedTask;
        });
    }
}
