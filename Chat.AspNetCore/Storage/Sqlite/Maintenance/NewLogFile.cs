using GrpcChat.AspNetCore.Storage.Maintenance;
using GrpcChat.Shared;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>A log that is being made in a directory without one. Until it is complete, there is none.</summary>
internal sealed class NewLogFile : IDisposable
{
    private readonly string path;
    private readonly FileStream @lock;
    private readonly NewFile file;
    private SqliteConnection? connection;

    private NewLogFile(string path, FileStream @lock, NewFile file) =>
        (this.path, this.@lock, this.file, connection) = (path, @lock, file, file.OpenSqlite());

    /// <summary>The empty database.</summary>
    public SqliteConnection Connection => connection ?? throw new ObjectDisposedException(nameof(NewLogFile));

    /// <exception cref="LogMaintenanceException">There is a log already, or somebody else is making one.</exception>
    public static NewLogFile Create(string path)
    {
        UserDirectories.CreatePrivate(Path.GetDirectoryName(path)!);
        var @lock = PrivateFile.TryLock(path)
            ?? throw new LogMaintenanceException($"{path} is in use by another process; name a directory without a log");
        try
        {
            foreach (var existing in (string[])[path, path + "-wal"])
            {
                if (Path.Exists(existing))
                {
                    throw new LogMaintenanceException($"{existing} exists already and is not replaced; name a directory without a log");
                }
            }

            return new NewLogFile(path, @lock, NewFile.Create(path));
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    /// <summary>Makes a copy of a log another one: a position in the one means nothing in the other.</summary>
    public void RenewLogId() => SqliteLogFile.Execute(Connection, $"UPDATE log SET log_id = '{IMessageLog.NewId()}'");

    /// <summary>Reads everything back, and makes the file the directory's log.</summary>
    /// <exception cref="LogMaintenanceException">It is damaged.</exception>
    public LogSummary Complete(Work work)
    {
        SqliteMigration.Run(Connection, file.TemporaryPath);
        connection?.Dispose();
        connection = null;
        var summary = LogVerification.Run(file.TemporaryPath, work, out var witness);
        LogVerification.SetJournalMode(file.TemporaryPath, "WAL");

        // Before the database: one without a witness is refused.
        witness.Write(path);
        try
        {
            file.Complete();
        }
        catch
        {
            File.Delete(HeadWitness.PathOf(path));
            throw;
        }

        return summary;
    }

    public void Dispose()
    {
        connection?.Dispose();
        file.Dispose();
        @lock.Dispose();
    }
}
