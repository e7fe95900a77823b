using System.Text;
using GrpcChat.AspNetCore.Storage.Maintenance;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>
/// Puts right what other rows of the log prove: the checksum of an intact row says what it was, and a client offset follows from its
/// message. A text that was changed and a message that is missing are proven by nothing. All of it is one transaction, which is
/// checked before it is committed.
/// </summary>
internal sealed class LogRepair
{
    // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE in sqlite3.h.
    private const int NoCheckpointOnClose = 1006;

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    private readonly SqliteConnection connection;
    private readonly Action<string> onRepaired;
    private readonly Dictionary<long, LogRoom> rooms;
    private readonly ClientOffsetRepair offsets;

    private LogRepair(SqliteConnection connection, LogSnapshot snapshot, Action<string> onRepaired)
    {
        (this.connection, this.onRepaired) = (connection, onRepaired);
        rooms = snapshot.Rooms.ToDictionary(room => room.RoomId);
        offsets = new ClientOffsetRepair(connection, rooms, onRepaired);
    }

    /// <summary>Repairs a log that no service has open.</summary>
    /// <param name="directory">The directory of the log, which is there.</param>
    /// <param name="onRepaired">Is told each repair when it is stored, a line of text.</param>
    /// <param name="onProblem">Is told each problem that is left.</param>
    /// <param name="work">Is told how far it is.</param>
    /// <returns>What is in the log.</returns>
    /// <exception cref="LogOpenException">The log cannot be used; it was not changed.</exception>
    /// <exception cref="LogMaintenanceException">It cannot be repaired; it was not changed.</exception>
    public static LogSummary Run(string directory, Action<string> onRepaired, Action<string> onProblem, Work work)
    {
        using var file = SqliteLogFile.Open(directory, LockTimeout);
        using var connection = file.OpenWriter();
        if (SqliteLogFile.ReadNumber(connection, "PRAGMA user_version") < SqliteSchema.FirstWithChecksums)
        {
            throw new LogMaintenanceException("its rows have no checksums yet, so nothing proves what they were; restore a backup");
        }

        SqliteMigration.Run(connection, file.Path);
        SqliteLogFile.Execute(connection, "BEGIN IMMEDIATE");
        var (problems, done) = (new List<string>(), new List<string>());
        var snapshot = LogSnapshot.Within(file.Path, connection);
        var summary = LogCheck.Run(snapshot, problems.Add, work.Part(0, 0.4));
        if (problems.Count > 0)
        {
            new LogRepair(connection, snapshot, done.Add).Run(work.Part(0.4, 0.6));
        }

        if (done.Count > 0)
        {
            var before = problems.ToHashSet();
            problems = [];
            snapshot = LogSnapshot.Within(file.Path, connection);
            summary = LogCheck.Run(snapshot, problems.Add, work.Part(0.6, 1));
            if (problems.Find(problem => !before.Contains(problem)) is { } caused)
            {
                throw new LogMaintenanceException($"the repair would cause another problem, so it was not made: {caused}");
            }

            SqliteLogFile.Execute(connection, "COMMIT");
            done.ForEach(onRepaired);
        }
        else
        {
            SqliteLogFile.Execute(connection, "ROLLBACK");
        }

        // A log that stays as damaged as it is keeps its write-ahead log, which may be needed.
        LogCheck.CheckWitness(file.Path, snapshot, problems.Add);
        if (problems.Count > 0 && done.Count == 0)
        {
            raw.sqlite3_db_config(connection.Handle, NoCheckpointOnClose, 1, out _);
        }

        problems.ForEach(onProblem);
        return summary;
    }

    private void Run(Work work)
    {
        Try(RepairRooms);
        var isComplete = false;
        Try(() => isComplete = offsets.Run(work));

        // Every row that is to be there follows from a message then, so others can go.
        if (isComplete && rooms.Values.All(room => room is { IsIntact: true, Oldest: 1 }))
        {
            Try(offsets.DeleteDamaged);
            Try(Reindex);
        }
    }

    // What SQLite cannot read cannot be repaired from here.
    private static void Try(Action repair)
    {
        try
        {
            repair();
        }
        catch (SqliteException error) when (error.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_CONSTRAINT)
        {
            // The check that follows says what is wrong.
        }
    }

    private void RepairRooms()
    {
        foreach (var room in rooms.Values.Where(room => !room.IsIntact && Names.IsRoom(room.Name)).ToList())
        {
            if (FindIntactIds(room) is not var (oldest, head))
            {
                continue;
            }

            // Either the checksum says that these were its numbers, or these are its numbers and a second copy has its name.
            var intact = room with { Oldest = oldest, Head = head, IsIntact = true };
            using var update = new SqliteStatement(
                connection, "UPDATE room SET oldest = ?, head = ?, checksum = ? WHERE room_id = ?");
            update.Bind(1, oldest).Bind(2, head).Bind(3, ChecksumOf(intact)).Bind(4, room.RoomId);
            if (StoredChecksumOf(room) == ChecksumOf(intact))
            {
                update.Run();
                onRepaired($"room {room.Name}: its messages are {oldest} to {head}; its row said {room.Oldest} to {room.Head}");
            }
            else if ((room.Oldest, room.Head) == (oldest, head) && IsInIndex(room))
            {
                update.Run();
                onRepaired($"room {room.Name}: the checksum of its row was wrong");
            }
            else
            {
                continue;
            }

            rooms[room.RoomId] = intact;
        }
    }

    // Null if a message is missing between the first and the last, is not what was stored, or if there is none.
    private (long Oldest, long Head)? FindIntactIds(LogRoom room)
    {
        (long Oldest, long Head)? found = null;
        using var messages = KeptMessages.Select(connection);
        messages.Bind(1, SqliteSchema.PositionOf(room.RoomId, 0)).Bind(2, SqliteSchema.PositionOf(room.RoomId + 1, 0));
        while (messages.Step())
        {
            var id = SqliteSchema.IdOf(messages.Int64(0));
            if ((found is { Head: var last } && id != last + 1) || !KeptMessages.IsIntact(messages))
            {
                return null;
            }

            found = (found?.Oldest ?? id, id);
        }

        return found;
    }

    private void Reindex()
    {
        using (var check = new SqliteStatement(connection, "PRAGMA integrity_check"))
        {
            if (!check.Step() || check.Text(0) == "ok")
            {
                return;
            }
        }

        SqliteLogFile.Execute(connection, "REINDEX room; REINDEX sender");
        onRepaired("the indexes of rooms and senders were made anew");
    }

    private static long ChecksumOf(LogRoom room) =>
        RowChecksum.OfRoom(room.RoomId, Encoding.UTF8.GetBytes(room.Name), room.Oldest, room.Head);

    private long? StoredChecksumOf(LogRoom room)
    {
        using var select = new SqliteStatement(connection, "SELECT checksum FROM room WHERE room_id = ?");
        return select.Bind(1, room.RoomId).Step() && !select.IsNull(0) ? select.Int64(0) : null;
    }

    // The index of names has the name once more.
    private bool IsInIndex(LogRoom room)
    {
        using var select = new SqliteStatement(connection, "SELECT room_id FROM room INDEXED BY sqlite_autoindex_room_1 WHERE name = ?");
        return select.Bind(1, room.Name).Step() && select.Int64(0) == room.RoomId;
    }
}
