using System.Data.Common;
using GrpcChat.Client.State;
using Microsoft.Data.Sqlite;

namespace GrpcChat.Client.Sqlite;

/// <summary>The content of an open state file.</summary>
internal sealed class SqliteState : ClientState
{
    private readonly StateFile file;

    /// <exception cref="ChatStateException">The file can't be read.</exception>
    public SqliteState(StateFile file)
    {
        this.file = file;
        try
        {
            Positions = ReadPositions();
            Messages = ReadMessages();
        }
        catch (Exception error) when (error is SqliteException or InvalidOperationException)
        {
            // The latter: a value is missing where the client writes one.
            var reason = error as SqliteException ?? new SqliteException("damaged", SQLitePCL.raw.SQLITE_CORRUPT);
            throw new ChatStateException($"cannot open the state file {file.Path}: {StateFile.Describe(reason)}", error);
        }
    }

    public override IReadOnlyList<StoredMessage> Messages { get; }

    public override IReadOnlyList<StoredPosition> Positions { get; }

    public override async Task CommitAsync(IReadOnlyList<StateChange> changes, Func<DbTransaction, Task>? effect)
    {
        SqliteTransaction? transaction = null;
        try
        {
            transaction = Write(() => file.Connection.BeginTransaction());
            if (effect is not null)
            {
                await effect(transaction).ConfigureAwait(false);
            }

            Write(() =>
            {
                foreach (var change in changes)
                {
                    Apply(change, transaction);
                }

                transaction.Commit();
                return true;
            });
        }
        finally
        {
            Close(transaction);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }
    }

    // Rolls back what is not committed, also where SQLite has already done so.
    private static void Close(SqliteTransaction? transaction)
    {
        try
        {
            transaction?.Dispose();
        }
        catch (SqliteException)
        {
            // The failure behind it has been reported, and the file is as it was.
        }
    }

    private T Write<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (SqliteException error)
        {
            throw new ChatStateException(
                error.SqliteErrorCode == SQLitePCL.raw.SQLITE_IOERR
                    ? $"the state file {file.Path} could not be written, and what it contains now is unknown: "
                        + $"{error.Message}; check the disk"
                    : $"the state file {file.Path} could not be written: {StateFile.Describe(error)}",
                error);
        }
    }

    private void Apply(StateChange change, SqliteTransaction transaction)
    {
        switch (change)
        {
            case MessageAddition { Message: var message }:
                Run(
                    transaction,
                    "INSERT INTO chat_outbox (sequence, room, client_offset, text) VALUES ($a, $b, $c, $d)",
                    message.Sequence,
                    message.Room,
                    message.ClientOffset,
                    message.Text);
                break;
            case MessageRemoval { Sequence: var sequence }:
                Run(transaction, "DELETE FROM chat_outbox WHERE sequence = $a", sequence);
                break;
            case MessageRefusal { Sequence: var sequence, Refusal: var refusal }:
                Run(
                    transaction,
                    "UPDATE chat_outbox SET reason = $b, detail = $c WHERE sequence = $a",
                    sequence,
                    (int)refusal.Reason,
                    refusal.Description);
                break;
            case PositionUpdate { Position: var position }:
                Run(
                    transaction,
                    """
                    INSERT INTO chat_position VALUES ($a, $b, $c)
                    ON CONFLICT (room) DO UPDATE SET log_id = $b, id = $c
                    """,
                    position.Room,
                    position.LogId,
                    position.Id);
                break;
            case PositionRemoval { Room: var room }:
                Run(transaction, "DELETE FROM chat_position WHERE room = $a", room);
                break;
            default:
                throw new NotSupportedException($"{change.GetType()} is not a change that this version knows");
        }
    }

    private List<StoredPosition> ReadPositions()
    {
        var positions = new List<StoredPosition>();
        using var command = Command(null, "SELECT room, log_id, id FROM chat_position ORDER BY rowid");
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            positions.Add(new StoredPosition(row.GetString(0), row.GetString(1), row.GetInt64(2)));
        }

        return positions;
    }

    private List<StoredMessage> ReadMessages()
    {
        var messages = new List<StoredMessage>();
        using var command = Command(
            null, "SELECT sequence, room, client_offset, text, reason, detail FROM chat_outbox ORDER BY sequence");
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            messages.Add(new StoredMessage(
                row.GetInt64(0),
                row.GetString(1),
                row.GetString(2),
                row.GetString(3),
                row.IsDBNull(4) ? null : new StoredRefusal((RefusalReason)row.GetInt32(4), row.GetString(5))));
        }

        return messages;
    }

    private void Run(SqliteTransaction transaction, string sql, params ReadOnlySpan<object> values)
    {
        using var command = Command(transaction, sql);
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${(char)('a' + i)}", values[i]);
        }

        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(SqliteTransaction? transaction, string sql)
    {
        var command = file.Connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        return command;
    }
}
