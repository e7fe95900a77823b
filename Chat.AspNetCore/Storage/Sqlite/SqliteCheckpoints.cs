using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Moves the write-ahead log into the database, on the writer's thread and between batches, so that no commit has to
/// wait for it. After every 16 MiB it moves what readers allow. When nothing is sent, or when the write-ahead log has
/// reached 64 MiB, it moves everything and truncates the file.
/// </summary>
/// <param name="writer">The one connection that writes.</param>
/// <param name="lockTimeout">The writer's busy timeout, which is restored after each checkpoint.</param>
internal sealed class SqliteCheckpoints(SqliteConnection writer, TimeSpan lockTimeout)
{
    private const int PassivePages = 4_000;
    private const int TruncatePages = 16_000;

    // The readers of this process finish within milliseconds. A reader in another process may take longer; the writer
    // waits this long for it, once for every 4,000 pages.
    private const int TruncateTimeoutMilliseconds = 100;

    // SQLITE_DBSTATUS_CACHE_WRITE in sqlite3.h: the number of pages that this connection has written to the write-ahead
    // log.
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
            if (Run(raw.SQLITE_CHECKPOINT_PASSIVE, timeoutMilliseconds: 0, out var inLog))
            {
                // All pages in the file, moved or not: the next commit starts the file over only if nobody is reading.
                pagesInLog = inLog;
            }
        }
    }

    /// <summary>False if a reader prevented the checkpoint, and it should be tried again later.</summary>
    public bool WhenIdle()
    {
        if (writtenSinceTruncate)
        {
            Truncate();
        }

        return !writtenSinceTruncate;
    }

    /// <summary>Moves everything and truncates the file. False if a reader prevents it, or the disk is full.</summary>
    public bool TryTruncate(int timeoutMilliseconds)
    {
        pagesSincePassive = 0;
        if (!Run(raw.SQLITE_CHECKPOINT_TRUNCATE, timeoutMilliseconds, out _))
        {
            return false;
        }

        pagesInLog = 0;
        writtenSinceTruncate = false;
        return true;
    }

    private void Truncate()
    {
        if (!TryTruncate(TruncateTimeoutMilliseconds))
        {
            // A reader still needs the old state. Try again after another 4,000 pages.
            pagesInLog = TruncatePages - PassivePages;
        }
    }

    private bool Run(int mode, int timeoutMilliseconds, out int inLog)
    {
        raw.sqlite3_busy_timeout(writer.Handle, timeoutMilliseconds);
        var code = raw.sqlite3_wal_checkpoint_v2(writer.Handle, "main", mode, out inLog, out _);
        raw.sqlite3_busy_timeout(writer.Handle, (int)lockTimeout.TotalMilliseconds);
        if (code is raw.SQLITE_BUSY or raw.SQLITE_LOCKED
            || SqliteErrors.IsFull(raw.sqlite3_extended_errcode(writer.Handle), writer.Handle!))
        {
            return false;
        }

        SqliteException.ThrowExceptionForRC(code, writer.Handle);
        return true;
    }
}
