using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>A small pool of reading connections. Each is used by one caller at a time.</summary>
internal sealed class SqliteReaders : IAsyncDisposable
{
    // Reading a page takes well under a millisecond of CPU time, so more readers than this would only wait for each
    // other.
    private static readonly int Count = 2 * Environment.ProcessorCount;

    private readonly ConcurrentBag<SqliteLogReader> idle = [];

    // Never disposed of: a caller that waits for a reader while the log is being closed would wait forever.
    private readonly SemaphoreSlim places = new(Count);
    private volatile bool closed;

    private SqliteReaders()
    {
    }

    /// <exception cref="SqliteException">The database cannot be read.</exception>
    public static SqliteReaders Open(SqliteLogFile file)
    {
        var readers = new SqliteReaders();
        try
        {
            for (var i = 0; i < Count; i++)
            {
                readers.idle.Add(new SqliteLogReader(file.OpenReader()));
            }

            return readers;
        }
        catch
        {
            readers.DisposeIdle();
            throw;
        }
    }

    /// <summary>Waits for a free reader and takes it. Disposing of the result returns the reader to the pool.</summary>
    /// <exception cref="StoreUnavailableException">The log is closed.</exception>
    public async ValueTask<Taken> TakeAsync(CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        if (!closed && idle.TryTake(out var reader))
        {
            return new Taken(this, reader);
        }

        places.Release();
        throw new StoreUnavailableException("the log is closed");
    }

    /// <summary>Waits until every reader has been returned. Later callers find the log closed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (closed)
        {
            return;
        }

        for (var i = 0; i < Count; i++)
        {
            await places.WaitAsync();
        }

        closed = true;
        places.Release(Count);
        DisposeIdle();
    }

    private void DisposeIdle()
    {
        while (idle.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    /// <summary>A reader that has been taken from the pool.</summary>
    public readonly struct Taken(SqliteReaders readers, SqliteLogReader reader) : IDisposable
    {
        public SqliteLogReader Reader => reader;

        public void Dispose()
        {
            readers.idle.Add(reader);
            readers.places.Release();
        }
    }
}
