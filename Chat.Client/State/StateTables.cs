using Chat.Client.Delivery;
using Microsoft.Data.Sqlite;

namespace Chat.Client.State;

/// <summary>The rows of a state file. Every change belongs to the transaction that is open.</summary>
internal sealed class StateTables(SqliteConnection connection)
{
    // As they stand in the database, and where they go back to when a transaction is rolled back.
    private Dictionary<string, Position> positions = [];
    private Dictionary<string, Position>? before;

    public SqliteTransaction? Transaction { get; private set; }

    /// <summary>Reads all; the messages in order.</summary>
    public (IReadOnlyList<OutboxEntry> Kept, Dictionary<string, Position> Positions) Load()
    {
        using (var command = Command("SELECT room, log_id, id FROM chat_position"))
        using (var row = command.ExecuteReader())
        {
            while (row.Read())
            {
                positions.Add(row.GetString(0), new Position(0, row.GetString(1), row.GetInt64(2)));
            }
        }

        var kept = new List<OutboxEntry>();
        using var messages = Command("SELECT sequence, room, client_offset, text, reason, detail FROM chat_outbox ORDER BY sequence");
        using var message = messages.ExecuteReader();
        while (message.Read())
        {
            var entry = new OutboxEntry(message.GetInt64(0), message.GetString(1), message.GetString(2), message.GetString(3))
            {
                Refusal = message.IsDBNull(4) ? null : ((RefusalReason)message.GetInt32(4), message.GetString(5)),
            };
            entry.SetStored();
            kept.Add(entry);
        }

        return (kept, new(positions));
    }

    public void Begin()
    {
        Transaction = connection.BeginTransaction();
        before = new(positions);
    }

    public void Commit()
    {
        Transaction!.Commit();
        Transaction.Dispose();
        Transaction = null;
    }

    /// <summary>Ends the transaction without its changes, also where SQLite has done so already.</summary>
    public void Rollback()
    {
        try
        {
            Transaction?.Dispose();
        }
        catch (SqliteException)
        {
            // What it was about has been reported, and the file is as it was.
        }

        Transaction = null;
        positions = before ?? positions;
    }

    public void Append(OutboxEntry entry) => Run(
        "INSERT INTO chat_outbox (sequence, room, client_offset, text) VALUES ($a, $b, $c, $d)",
        entry.Sequence,
        entry.Room,
        entry.ClientOffset,
        entry.Text);

    public void Remove(OutboxEntry entry) => Run("DELETE FROM chat_outbox WHERE sequence = $a", entry.Sequence);

    public void Refuse(OutboxEntry entry) => Run(
        "UPDATE chat_outbox SET reason = $b, detail = $c WHERE sequence = $a",
        entry.Sequence,
        (int)entry.Refusal!.Value.Reason,
        entry.Refusal.Value.Description);

    public void Start(string room, Position position)
    {
        Run(
            "INSERT INTO chat_position VALUES ($a, $b, $c) ON CONFLICT (room) DO UPDATE SET log_id = $b, id = $c",
            room,
            position.LogId,
            position.Id);
        positions[room] = position;
    }

    public void Forget(string room)
    {
        Run("DELETE FROM chat_position WHERE room = $a", room);
        positions.Remove(room);
    }

    /// <summary>True where the room is followed and this position comes after the one that is kept.</summary>
    public bool IsMove(string room, Position position) =>
        positions.TryGetValue(room, out var last) && last.IsBefore(position);

    /// <summary>Moves a position forwards. False = it was there already.</summary>
    public bool Move(string room, Position position)
    {
        var moves = IsMove(room, position);
        if (moves)
        {
            Start(room, position);
        }

        return moves;
    }

    private void Run(string sql, params ReadOnlySpan<object> values)
    {
        using var command = Command(sql);
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${(char)('a' + i)}", values[i]);
        }

        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = Transaction;
        return command;
    }
}
