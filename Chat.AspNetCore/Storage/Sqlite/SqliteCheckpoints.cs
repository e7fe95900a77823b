using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Chat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Moves the write-ahead log into the database, on the writer's thread and between batches, so that no commit pays for
/// it: what readers allow after every 16 MiB, and all of it, so that the file begins anew, when the log is idle or has
/// passed 64 MiB.
/// </summary>
/// <param name="writer">The one connection that writes.</param>
/// <param name="lockTimeout">The writer's busy timeout, put back after a checkpoint.</param>
internal sealed class SqliteCheckpoints(SqliteConnection writer, TimeSpan lockTimeout)
{
    private const int PassivePages = 4_000;
    private const int TruncatePages = 16_000;

    // Page reads of this process end in milliseconds. A foreign reader may stay; it costs the writer no more than this,
    // once for every 4,000 pages.
    private const int TruncatePatienceMilliseconds = 100;

    // sqlite3.h: SQLITE_DBSTATUS_CACHE_WRITE, the pages that this connection has written, here into the log.
    private const int CacheWrite = 9;

    private int pagesSincePassive;
    private int pagesInLog;
    private bool writtenSinceTruncate;

    public void AfterBatch()
    {
        raw.sqlite3_db_status(writer.Handle, CacheWrite, out var written, out _, 1);
        pagesSincePassive += written;
        pagesInLog += written;
        writtenSinceTruncate |= written > 0;
        if (pagesInLog >= TruncatePages)
        {
            Truncate();
        }
        else if (pagesSincePassive >= PassivePages)
        {
            pagesSincePassive = 0;
            if (Run(raw.SQLITE_CHECKPOINT_PASSIVE, patienceMilliseconds: 0, out var inLog))
            {
                // What is there, moved or not: the next commit begins the file anew only if nobody is reading then.
                pagesInLog = inLog;
            }
        }
    }

    /// <summary>False when somebody's reading stood in the way, and it should be tried again.</summary>
    public bool WhenIdle()
    {
        if (writtenSinceTruncate)
        {
            Truncate();
        }

        return !writtenSinceTruncate;
    }

    private void Truncate()
    {
        pagesSincePassive = 0;
        if (Run(raw.SQLITE_CHECKPOINT_TRUNCATE, TruncatePatienceMilliseconds, out _))
        {
            pagesInLog = 0;
            writtenSinceTruncate = false;
        }
        else
        {
            // Somebody is reading an old state: it is tried again a little later.
            pagesInLog = TruncatePages - PassivePages;
        }
    }

    private bool Run(int mode, int patienceMilliseconds, out int inLog)
    {
        raw.sqlite3_busy_timeout(writer.Handle, patienceMilliseconds);
        var code = raw.sqlite3_wal_checkpoint_v2(writer.Handle, "main", mode, out inLog, out _);
        raw.sqlite3_busy_timeout(writer.Handle, (int)lockTimeout.TotalMilliseconds);
        if (code is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_FULL)
        {
            return false;
        }

        SqliteException.ThrowExceptionForRC(code, writer.Handle);
        return true;
    }
}
