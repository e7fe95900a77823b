using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Chat.Service.Log.Sqlite;

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

    /// <summary>Reads a page as soon as a reader is free.</summary>
    public async ValueTask ReadAsync(
        RoomState room,
        long after,
        long through,
        IMessageSink sink,
        CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        try
        {
            if (closed || !idle.TryTake(out var reader))
            {
                throw new StoreUnavailableException("The log is closed.");
            }

            try
            {
                reader.Read(room, after, through, sink);
            }
            finally
            {
                idle.Add(reader);
            }
        }
        catch (SqliteException error)
        {
            throw error.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
                ? new LogDamagedException($"room {room.Name}, after {after}: {error.Message}")
                : new StoreUnavailableException($"cannot read room {room.Name}: {error.Message}", error);
        }
        finally
        {
            places.Release();
        }
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
}
