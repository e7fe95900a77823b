using GrpcChat.AspNetCore.Storage.Maintenance;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>
/// Copies a database page by page with SQLite's backup API: it is the snapshot that the source is reading, while others may
/// write. That costs less than <c>VACUUM INTO</c>, which inserts every row anew.
/// </summary>
internal static class SqliteCopy
{
    private const int PagesPerStep = 1024;

    /// <param name="source">A connection with an open transaction.</param>
    /// <param name="target">An empty database.</param>
    /// <param name="work">Is told how far it is.</param>
    public static void Run(SqliteConnection source, SqliteConnection target, Work work)
    {
        using var backup = raw.sqlite3_backup_init(target.Handle, "main", source.Handle, "main");
        if (backup.IsInvalid)
        {
            SqliteException.ThrowExceptionForRC(raw.sqlite3_errcode(target.Handle), target.Handle);
        }

        int code;
        do
        {
            code = raw.sqlite3_backup_step(backup, PagesPerStep);
            work.Report(1 - ((double)raw.sqlite3_backup_remaining(backup) / Math.Max(1, raw.sqlite3_backup_pagecount(backup))));
        }
        while (code == raw.SQLITE_OK);

        if (code != raw.SQLITE_DONE)
        {
            SqliteException.ThrowExceptionForRC(code, target.Handle);
        }
    }
}
