using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore;

/// <summary>
/// The directory of a message log, for what is done to a log as a whole: back it up, check it, restore it, move it.
/// What only reads the log can be done while a service has it open, also one in this process: it reads the log as it is
/// when it begins. Each method works on the calling thread until it is done, and reports its progress there, as a share
/// from 0 to 1.
/// </summary>
/// <param name="path">The directory, as in <see cref="ChatOptions.Data"/>.</param>
// Half of this file says what callers must know. The work is done in Storage/Sqlite/Maintenance.
public sealed class MessageLogDirectory(string path)
{
    /// <summary>The directory, as an absolute path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    // Of a link, the file that it leads to: the others are beside it.
    private string Database => SqliteLogFile.Resolve(System.IO.Path.Combine(Path, SqliteLogFile.FileName));

    /// <summary>
    /// Opens the log, to change it while no service has it open. Unlike a service, this never makes a new log.
    /// </summary>
    /// <returns>The open log. Dispose of it.</returns>
    /// <exception cref="LogOpenException">There is none, a service has it open, or it cannot be used.</exception>
    public MessageLogMaintenance Open()
    {
        EnsureThere();
        return new MessageLogMaintenance(SqliteMessageLog.Open(Path), TimeProvider.System, ownsLog: true);
    }

    /// <summary>Copies the log to a file, which is read back completely before it gets its name.</summary>
    /// <param name="target">The file. There must be none yet.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it without a file.</param>
    /// <returns>What the file holds.</returns>
    /// <exception cref="LogOpenException">The log cannot be read.</exception>
    /// <exception cref="LogMaintenanceException">
    /// There is a file already, it cannot be written, or the log is damaged.
    /// </exception>
    public LogSummary Backup(string target, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        target = System.IO.Path.GetFullPath(target);
        return Guard($"cannot back up {Path} to {target}", () =>
        {
            var work = new Work(progress, cancellation);

            // Ends before the copy is read back: as long as somebody reads the log, its write-ahead log cannot be
            // emptied.
            using var snapshot = LogSnapshot.Open(Database);
            using var file = NewFile.Create(target);
            using (var connection = file.OpenSqlite())
            {
                SqliteCopy.Run(snapshot.Connection, connection, work.Part(0, 0.5));
            }

            snapshot.Dispose();
            file.Sync();
            var summary = LogVerification.Run(file.TemporaryPath, work.Part(0.5, 1));
            file.Complete();
            return summary;
        });
    }

    /// <summary>
    /// Reads everything, and finds what is wrong: in the database, in the ids of each room, in senders, client offsets
    /// and texts.
    /// </summary>
    /// <param name="onProblem">Is told each problem, a line of text.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>What was found in the log.</returns>
    /// <exception cref="LogOpenException">The file is no log.</exception>
    /// <exception cref="LogMaintenanceException">The log cannot be read.</exception>
    public LogSummary Check(
        Action<string> onProblem, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Guard($"cannot check {Path}", () =>
        {
            // Before the log: a running service may renew it at any time.
            var database = Database;
            HeadWitness? witness = null;
            try
            {
                witness = HeadWitness.Read(database);
            }
            catch (LogOpenException error)
            {
                onProblem(error.Message);
            }

            using var snapshot = LogSnapshot.Open(database);
            if (snapshot.HasChecksums && HeadWitness.FindProblem(database, witness, snapshot.Witness) is { } problem)
            {
                onProblem(problem);
            }

            return LogCheck.Run(snapshot, onProblem, new Work(progress, cancellation));
        });

    /// <summary>
    /// Puts right what the rest of the log proves, such as a client offset that is missing for a message that is there. What nothing
    /// proves, such as a text that was changed, stays as it is. No service may have the log open.
    /// </summary>
    /// <param name="onRepaired">Is told what was repaired, a line of text for each repair.</param>
    /// <param name="onProblem">Is told each problem that is left, a line of text.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it early: nothing is changed.</param>
    /// <returns>What was found in the log.</returns>
    /// <exception cref="LogOpenException">The file is no log, or a service has it open.</exception>
    /// <exception cref="LogMaintenanceException">The log cannot be read or written; it was not changed.</exception>
    public LogSummary Repair(
        Action<string> onRepaired,
        Action<string> onProblem,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        EnsureThere();
        return Guard($"cannot repair {Path}", () => LogRepair.Run(Path, onRepaired, onProblem, new Work(progress, cancellation)));
    }

    /// <summary>
    /// Compares the content of two logs: rooms, ids, senders, times, client offsets and texts, but not the log ids.
    /// </summary>
    /// <param name="other">The other log.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>The first difference, for people; null if the content is the same.</returns>
    /// <exception cref="LogOpenException">One of the logs cannot be read.</exception>
    /// <exception cref="LogMaintenanceException">One of the logs is damaged.</exception>
    public string? FindDifference(
        MessageLogDirectory other, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Guard($"cannot compare {Path} with {other.Path}", () =>
        {
            using var left = LogSnapshot.Open(Database);
            using var right = LogSnapshot.Open(other.Database);
            return LogContent.FindDifference(left, right, new Work(progress, cancellation));
        });

    /// <summary>
    /// Makes a log of a backup, in this directory, which must have none. The log gets a new log id: clients are told
    /// <c>RESET</c>, and do not mistake new messages for those that were lost.
    /// </summary>
    /// <param name="backup">The file that <see cref="Backup"/> has written.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it without a log.</param>
    /// <returns>What the log holds.</returns>
    /// <exception cref="LogOpenException">The file is no backup.</exception>
    /// <exception cref="LogMaintenanceException">
    /// There is a log already, it cannot be written, or the backup is damaged.
    /// </exception>
    public LogSummary Restore(string backup, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        backup = System.IO.Path.GetFullPath(backup);
        return Guard($"cannot restore {backup} to {Path}", () =>
        {
            var work = new Work(progress, cancellation);
            using var snapshot = LogSnapshot.Open(backup, isBackup: true);
            using var file = NewLogFile.Create(Database);
            SqliteCopy.Run(snapshot.Connection, file.Connection, work.Part(0, 0.5));
            file.RenewLogId();
            return file.Complete(work.Part(0.5, 1));
        });
    }

    /// <summary>
    /// Writes the content as JSON lines: the log, each room with its messages, and a last line with counts and a
    /// SHA-256, so that <see cref="Import"/> finds any line that is missing or changed.
    /// </summary>
    /// <param name="output">Gets the lines, in UTF-8. It stays open.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it early: the last line is missing.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="LogOpenException">The log cannot be read.</exception>
    /// <exception cref="LogMaintenanceException">
    /// The output cannot be written, or the log is damaged: the last line is missing.
    /// </exception>
    public LogSummary Export(Stream output, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Guard($"cannot export {Path}", () =>
        {
            using var snapshot = LogSnapshot.Open(Database);
            return LogExport.Run(snapshot, output, new Work(progress, cancellation));
        });

    /// <summary>The same, to a file, which gets its name when it is complete.</summary>
    /// <param name="target">The file. There must be none yet.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it without a file.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="LogOpenException">The log cannot be read.</exception>
    /// <exception cref="LogMaintenanceException">
    /// There is a file already, it cannot be written, or the log is damaged.
    /// </exception>
    public LogSummary ExportToFile(string target, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        target = System.IO.Path.GetFullPath(target);
        return Guard($"cannot export {Path} to {target}", () =>
        {
            using var snapshot = LogSnapshot.Open(Database);
            using var file = NewFile.Create(target);
            var summary = LogExport.Run(snapshot, file.Content, new Work(progress, cancellation));
            file.Complete();
            return summary;
        });
    }

    /// <summary>
    /// Makes a log of an export, in this directory, which must have none. Ids, times, client offsets and the log id are
    /// those of the export, so clients continue where they were.
    /// </summary>
    /// <param name="input">The lines. Nothing may follow them.</param>
    /// <param name="progress">Is told how far it is, as far as the length of the input is known.</param>
    /// <param name="cancellation">Ends it without a log.</param>
    /// <returns>What the log holds.</returns>
    /// <exception cref="LogMaintenanceException">
    /// There is a log already, it cannot be written, or the export is not complete.
    /// </exception>
    public LogSummary Import(Stream input, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Guard($"cannot import to {Path}", () => LogImport.Run(Database, input, new Work(progress, cancellation)));

    /// <summary>
    /// Makes a log of the database of the socket.io tutorial's chat, in this directory, which must have none. Ids are
    /// 1, 2, 3, … in the order of the rows. The sender is <c>anonymous</c>, and the time that of the import. A row
    /// without a valid client offset gets a new one.
    /// </summary>
    /// <param name="database">
    /// The tutorial's file, with a table <c>messages</c> that has <c>id</c>, <c>client_offset</c> and <c>content</c>.
    /// </param>
    /// <param name="room">The room that the messages go to.</param>
    /// <param name="onLeftOut">
    /// Is told of each row that is left out, a line of text: its text is empty, too long or not valid, or an earlier
    /// row has its client offset.
    /// </param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it without a log.</param>
    /// <returns>What the log holds.</returns>
    /// <exception cref="ArgumentException">The name of the room is not valid.</exception>
    /// <exception cref="LogMaintenanceException">
    /// There is a log already, it cannot be written, or the file is not such a database.
    /// </exception>
    public LogSummary ImportSocketIo(
        string database,
        string room,
        Action<string> onLeftOut,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        if (!Names.IsRoom(room))
        {
            throw new ArgumentException($"'{Names.Truncate(room)}' is not a valid room name; use {Names.RoomForm}", nameof(room));
        }

        database = System.IO.Path.GetFullPath(database);
        return Guard($"cannot import {database} to {Path}", () => SocketIoImport.Run(
            Database, database, room, onLeftOut, TimeProvider.System.GetUtcNow(), new Work(progress, cancellation)));
    }

    private void EnsureThere()
    {
        if (SqliteLogHeader.IsNew(Database))
        {
            throw new LogOpenException($"{Database} does not exist; {SqliteLogHeader.OtherFile(isBackup: false)}");
        }
    }

    private static T Guard<T>(string what, Func<T> run)
    {
        try
        {
            return run();
        }
        catch (LogMaintenanceException error)
        {
            throw new LogMaintenanceException($"{what}: {error.Message}", error);
        }
        catch (LogDamagedException error)
        {
            throw new LogMaintenanceException($"{what}: the log is damaged: {error.Message}", error);
        }
        catch (Exception error)
            when (error is SqliteException or IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            throw new LogMaintenanceException($"{what}: {SqliteErrors.DescribeCopy(error)}", error);
        }
    }
}
