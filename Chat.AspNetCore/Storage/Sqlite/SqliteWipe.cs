using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>How far a wipe is.</summary>
internal enum WipeProgress
{
    /// <summary>There are more pages.</summary>
    More,

    /// <summary>The write-ahead log cannot be emptied now: somebody else reads what it was before, or the disk is full.</summary>
    Blocked,

    /// <summary>No file of the log has anything that SQLite does not use.</summary>
    Done,
}

/// <summary>
/// Clears what SQLite does not use in the files of a log: what rows have left behind is overwritten with zeros. It goes through the
/// database in steps, on the writer's thread and between batches. Bytes that SQLite does not use mean nothing to it or to anybody who
/// reads the database meanwhile, so they may be written beside it, and a step that is not completed has done no harm.
/// </summary>
/// <param name="writer">The one connection that writes.</param>
/// <param name="checkpoints">Makes no checkpoints by itself while this goes on.</param>
/// <param name="file">The database file.</param>
/// <param name="path">Its path.</param>
internal sealed class SqliteWipe(SqliteConnection writer, SqliteCheckpoints checkpoints, SafeFileHandle file, string path)
{
    // Some milliseconds of reading, which senders wait for.
    private const int PagesPerStep = 1024;

    // Enough for the readers of this process. Whoever reads for longer is waited for between the steps.
    private const int TruncateTimeoutMilliseconds = 20;

    // In the header of a database: the bytes of each page that are not SQLite's, and a page of databases that can shrink by
    // themselves, which have pages of one kind more. A log is none of them.
    private const int ReservedBytes = 20;
    private const int ShrinksByItself = 52;

    private const int WalHeaderBytes = 32;
    private const int WalFrameHeaderBytes = 24;

    private readonly int pageSize = (int)SqliteLogFile.ReadNumber(writer, "PRAGMA page_size");
    private readonly HashSet<long> modified = [];
    private int usableSize;
    private long done;
    private bool hasWritten;

    /// <summary>The share of the pages that have been cleared.</summary>
    public double Share { get; private set; }

    /// <summary>
    /// Clears the next pages, and those before them that were written since. Pages that the writer had in memory are read anew by it:
    /// it would write what they were.
    /// </summary>
    /// <exception cref="LogDamagedException">A page is damaged.</exception>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public WipeProgress Step()
    {
        FindModified();
        if (!checkpoints.TryTruncate(TruncateTimeoutMilliseconds))
        {
            return WipeProgress.Blocked;
        }

        SqliteLogFile.Execute(writer, "PRAGMA shrink_memory");
        var pages = RandomAccess.GetLength(file) / pageSize;
        var buffer = new byte[PagesPerStep * pageSize];
        usableSize = ReadUsableSize();
        var form = new SqlitePage(usableSize);
        hasWritten = false;
        foreach (var page in modified.Where(page => page >= 1 && page <= done).Order())
        {
            Clear(buffer.AsSpan(0, pageSize), page, form);
        }

        var last = Math.Min(done + PagesPerStep, pages);
        if (last > done)
        {
            Clear(buffer.AsSpan(0, (int)(last - done) * pageSize), done + 1, form);
        }

        if (hasWritten)
        {
            RandomAccess.FlushToDisk(file);
        }

        (done, Share) = (last, (double)last / pages);
        modified.Clear();
        return done == pages ? WipeProgress.Done : WipeProgress.More;
    }

    // The pages in the write-ahead log. Those of an earlier round, which may be there too, do no harm.
    private void FindModified()
    {
        var wal = path + "-wal";
        if (!File.Exists(wal))
        {
            return;
        }

        using var handle = File.OpenHandle(wal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(handle);
        Span<byte> number = stackalloc byte[4];
        for (long at = WalHeaderBytes; at + WalFrameHeaderBytes <= length; at += WalFrameHeaderBytes + pageSize)
        {
            Read(handle, number, at);
            modified.Add(BinaryPrimitives.ReadUInt32BigEndian(number));
        }
    }

    private int ReadUsableSize()
    {
        Span<byte> header = stackalloc byte[100];
        Read(file, header, 0);
        return BinaryPrimitives.ReadUInt32BigEndian(header[ShrinksByItself..]) == 0
            ? pageSize - header[ReservedBytes]
            : throw new LogDamagedException($"{path} is not as a service has made it");
    }

    private void Clear(Span<byte> pages, long first, SqlitePage form)
    {
        var begin = (first - 1) * pageSize;
        Read(file, pages, begin);
        for (var i = 0; i < pages.Length / pageSize; i++)
        {
            var page = pages.Slice(i * pageSize, pageSize);
            if (!form.TryRead(page, header: first + i == 1 ? 100 : 0))
            {
                throw new LogDamagedException($"page {first + i} of {path} is damaged");
            }

            foreach (var (start, end) in form.Free)
            {
                ClearBytes(page[start..end], begin + (i * pageSize) + start);
            }

            foreach (var (next, bytes) in form.Overflows)
            {
                ClearBehind(next, bytes);
            }
        }
    }

    // What the last page of a long row has behind the row.
    private void ClearBehind(long page, long bytes)
    {
        const int Link = 4;
        var perPage = usableSize - Link;
        Span<byte> next = stackalloc byte[Link];
        for (; bytes > perPage; bytes -= perPage)
        {
            Read(file, next, (page - 1) * pageSize);
            page = BinaryPrimitives.ReadUInt32BigEndian(next);
        }

        var start = Link + (int)bytes;
        var rest = new byte[pageSize - start];
        Read(file, rest, ((page - 1) * pageSize) + start);
        ClearBytes(rest, ((page - 1) * pageSize) + start);
    }

    private void ClearBytes(Span<byte> bytes, long at)
    {
        if (bytes.ContainsAnyExcept((byte)0))
        {
            bytes.Clear();
            RandomAccess.Write(file, bytes, at);
            hasWritten = true;
        }
    }

    private void Read(SafeFileHandle from, Span<byte> into, long at)
    {
        for (var read = 0; read < into.Length;)
        {
            var count = at >= 0 ? RandomAccess.Read(from, into[read..], at + read) : 0;
            if (count == 0)
            {
                throw new LogDamagedException($"{path} refers to a page that it does not have");
            }

            read += count;
        }
    }
}
