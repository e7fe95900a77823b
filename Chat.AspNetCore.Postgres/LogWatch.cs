using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Looks at the database once a second: at the heads of the rooms that somebody follows, and whether what failed works again. It is
/// also a sign of life, which costs one query.
/// </summary>
#pragma warning disable CA1001 // Not disposable: the semaphore holds no resource while nobody asks for its wait handle.
internal sealed class LogWatch(PostgresReader reader, LogHealth health)
#pragma warning restore CA1001
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CountInterval = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim now = new(0, 1);
    private readonly Lock gate = new();
    private Task probing = Task.CompletedTask;
    private long rooms, messages;
    private string? damage;

    /// <summary>What the log held when it was counted last, and what this node has stored and removed since.</summary>
    public LogSize Size => new((int)Interlocked.Read(ref rooms), Interlocked.Read(ref messages));

    public void OnStored(long count, bool isNewRoom)
    {
        Interlocked.Add(ref messages, count);
        Interlocked.Add(ref rooms, isNewRoom ? 1 : 0);
    }

    public void OnRemoved(long count) => Interlocked.Add(ref messages, -count);

    public void OnDamaged(LogDamagedException error)
    {
        damage = error.Message;
        health.SetRead(damage);
    }

    /// <summary>Looks at once, such as after hints may have been missed.</summary>
    public void LookNow()
    {
        try
        {
            now.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is going to look anyway.
        }
    }

    /// <summary>Whether the server commits a change of something that no room has, within a time.</summary>
    public async Task<bool> CanWriteAsync(TimeSpan limit)
    {
        Task probe;
        lock (gate)
        {
            // One for all rooms that are stuck. If it hangs, it is not begun again.
            probe = probing = probing.IsCompleted ? Task.Run(reader.ProbeWriteAsync) : probing;
        }

        await probe.WaitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (probe.Exception?.InnerException is StoreUnavailableException error)
        {
            health.SetWrite(error.Message);
        }

        return probe.IsCompletedSuccessfully;
    }

    /// <summary>Runs a read, and says so where it fails.</summary>
    public async Task<T> TryAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (StoreUnavailableException error)
        {
            health.SetRead(damage ?? error.Message);
            throw;
        }
    }

    /// <summary>Counts rooms and messages.</summary>
    public void Count() => CountAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Looks until the end is asked for.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> lookAtHeads, CancellationToken stopping)
    {
        var counted = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await now.WaitAsync(Interval, stopping);
            try
            {
                await lookAtHeads(stopping);
                health.SetRead(damage);
                if (TimeProvider.System.GetElapsedTime(counted) > CountInterval)
                {
                    counted = TimeProvider.System.GetTimestamp();
                    await CountAsync(stopping);
                }
            }
            catch (StoreUnavailableException error)
            {
                health.SetRead(damage ?? error.Message);
            }

            if (health.WriteProblem is not null && await CanWriteAsync(Interval))
            {
                health.SetWrite(null);
            }
        }
    }

    private async Task CountAsync(CancellationToken cancellation)
    {
        var size = await reader.CountAsync(cancellation);
        Interlocked.Exchange(ref rooms, size.Rooms);
        Interlocked.Exchange(ref messages, size.Messages);
    }
}
