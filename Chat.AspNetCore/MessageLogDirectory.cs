using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Maintenance;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore;

/// <summary>The directory of a message log in files, for what is done to a log as a whole: also back it up, repair it, restore it.</summary>
/// <param name="path">The directory, as in <see cref="ChatOptions.Data"/>.</param>
// Half of this file says what callers must know. The work is done in Storage/Sqlite/Maintenance.
public sealed class MessageLogDirectory(string path) : StoredMessageLog(System.IO.Path.GetFullPath(path))
{
    /// <summary>The directory, as an absolute path.</summary>
    public string Path => Location;

    // Of a link, the file that it leads to: the others are beside it.
    private string Database => SqliteLogFile.Resolve(System.IO.Path.Combine(Path, SqliteLogFile.FileName));

    /// <inheritdoc/>
    public override MessageLogMaintenance Open()
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

    /// <inheritdoc/>
    public override LogSummary Check(
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

    internal override ILogSnapshot OpenSnapshot() => LogSnapshot.Open(Database);

    internal override LogSummary Fill(Stream input, Work work)
    {
        using var file = NewLogFile.Create(Database);
        return LogImport.Run(logId => LogBuilder.Create(file, logId), input, work);
    }

    internal override string? Describe(Exception error) =>
        error is SqliteException or IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" }
            ? SqliteErrors.DescribeCopy(error)
            : null;

    private void EnsureThere()
    {
        if (SqliteLogHeader.IsNew(Database))
        {
            throw new LogOpenException($"{Database} does not exist; {SqliteLogHeader.OtherFile(isBackup: false)}");
        }
    }


}
