using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Chat.Service.Log.Sqlite;

/// <summary>
/// Moves the write-ahead log into the database, on the writer's thread and between batches, so that no commit pays for
/// it: what readers allow after every 16 MiB, and all of it when the log is idle or has passed 64 MiB.
/// </summary>
/// <param name="writer">The one connection that writes.</param>
/// <param name="lockTimeout">The writer's busy timeout, put back after a checkpoint, which itself waits for nobody.</param>
internal sealed class SqliteCheckpoints(SqliteConnection writer, TimeSpan lockTimeout)
{
    private const int PassivePages = 4_000;
    private const int TruncatePages = 16_000;

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
            if (Run(raw.SQLITE_CHECKPOINT_PASSIVE, out var left) && left == 0)
            {
                // All of it has been moved: the next commit begins the log at its start again.
                pagesInLog = 0;
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
        if (Run(raw.SQLITE_CHECKPOINT_TRUNCATE, out _))
        {
            pagesInLog = 0;
            writtenSinceTruncate = false;
        }
        else
        {
            // Somebody is reading an old state. Readers here never do for long, so it is tried again a little later.
            pagesInLog = TruncatePages - PassivePages;
        }
    }

    private bool Run(int mode, out int left)
    {
        // The writer must not stand still because another process reads.
        raw.sqlite3_busy_timeout(writer.Handle, 0);
        var code = raw.sqlite3_wal_checkpoint_v2(writer.Handle, "main", mode, out var inLog, out var moved);
        raw.sqlite3_busy_timeout(writer.Handle, (int)lockTimeout.TotalMilliseconds);
        left = inLog - moved;
        if (code is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_FULL)
        {
            return false;
        }

        SqliteException.ThrowExceptionForRC(code, writer.Handle);
        return true;
    }
}
