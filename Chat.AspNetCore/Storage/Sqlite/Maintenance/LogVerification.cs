using GrpcChat.AspNetCore.Storage.Maintenance;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>The end of every command that writes a database.</summary>
internal static class LogVerification
{
    /// <summary>
    /// Reads a database that has just been written completely. It gets a rollback journal, with which one file is everything
    /// and a reader writes nothing.
    /// </summary>
    /// <exception cref="LogMaintenanceException">Something is wrong with it.</exception>
    public static LogSummary Run(string path, Work work) => Run(path, work, out _);

    /// <summary>The same, with the witness of the log.</summary>
    public static LogSummary Run(string path, Work work, out HeadWitness witness)
    {
        SetJournalMode(path, "DELETE");
        using var snapshot = LogSnapshot.OpenDatabase(path);
        witness = snapshot.Witness;
        var (problems, first) = (0, "");
        var summary = LogCheck.Run(snapshot, Count, work);
        return problems == 0 ? summary : throw new LogMaintenanceException(
            $"it would be damaged: {first}{(problems > 1 ? $" ({problems} problems in all)" : "")}; check the source with 'check'");

        void Count(string problem)
        {
            first = problems++ == 0 ? problem : first;
        }
    }

    public static void SetJournalMode(string path, string mode)
    {
        using var connection = SqliteLogFile.Connect(path, SqliteOpenMode.ReadWrite, TimeSpan.Zero);
        SqliteLogFile.SetPragma(connection, "journal_mode", mode);
    }
}
