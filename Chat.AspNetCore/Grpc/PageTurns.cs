using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections.Features;

namespace Chat.AspNetCore.Grpc;

/// <summary>
/// Bounds the pages that are in memory, because their clients have not taken them yet: in all, and on one connection,
/// so that a client which does not read keeps nobody but itself waiting.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A call may outlive the stop, and a semaphore has no handle to free.")]
internal sealed class PageTurns(ChatOptions options)
{
    private static readonly object Key = new();

    private readonly SemaphoreSlim all = new(options.MaxPagesAtOnce);

    /// <summary>Waits for a turn; disposing of it ends it.</summary>
    public async Task<IDisposable> TakeAsync(HttpContext call, CancellationToken waiting)
    {
        var connection = OfConnection(call);
        await connection.WaitAsync(waiting);
        try
        {
            await all.WaitAsync(waiting);
        }
        catch
        {
            connection.Release();
            throw;
        }

        return new Turn(connection, all);
    }

    // It goes with its connection. A server inside a test has none.
    private SemaphoreSlim OfConnection(HttpContext call)
    {
        var items = call.Features.Get<IConnectionItemsFeature>()?.Items ?? call.Items;
        lock (items)
        {
            if (!items.TryGetValue(Key, out var found))
            {
                items[Key] = found = new SemaphoreSlim(options.MaxPagesPerConnection);
            }

            return (SemaphoreSlim)found!;
        }
    }

    private sealed class Turn(SemaphoreSlim connection, SemaphoreSlim all) : IDisposable
    {
        public void Dispose()
        {
            all.Release();
            connection.Release();
        }
    }
}
