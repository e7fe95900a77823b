using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Chat.AspNetCore.Storage.Sqlite;

/// <summary>The few connections that read pages, handed to one caller at a time.</summary>
internal sealed class SqliteReaders : IAsyncDisposable
{
    // A page read takes well under a millisecond of CPU, so more readers than twice the cores only wait for each other.
    private static readonly int Count = 2 * Environment.ProcessorCount;

    private readonly ConcurrentBag<SqliteLogReader> idle = [];

    // Never disposed of: whoever waits for a reader when the log is closed would wait for ever.
    private readonly SemaphoreSlim places = new(Count);
    private volatile bool closed;

    private SqliteReaders()
    {
    }

    /// <exception cref="SqliteException">The database can't be read.</exception>
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

    /// <summary>Takes a reader as soon as one is free; disposing gives it back.</summary>
    /// <exception cref="StoreUnavailableException">The log is closed.</exception>
    public async ValueTask<Taken> TakeAsync(CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        if (!closed && idle.TryTake(out var reader))
        {
            return new Taken(this, reader);
        }

        places.Release();
        throw new StoreUnavailableException("The log is closed.");
    }

    /// <summary>Lets whoever reads now finish; whoever comes later finds the log closed.</summary>
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

    /// <summary>A reader, for as long as its taker needs it.</summary>
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
