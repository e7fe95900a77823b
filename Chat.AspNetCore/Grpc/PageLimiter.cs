using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections.Features;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Limits the pages that are in memory because they are being read or their clients have not taken them yet: in all, and per
/// connection, so that a client that does not read keeps only itself waiting.
/// </summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "A call can outlive the stop, and a semaphore without a wait handle holds nothing.")]
internal sealed class PageLimiter(ChatOptions options)
{
    private static readonly object Key = new();

    private readonly SemaphoreSlim all = new(options.MaxPagesAtOnce);

    /// <summary>Waits for a turn. Disposing of the result ends the turn.</summary>
    public async Task<IDisposable> WaitAsync(HttpContext call, CancellationToken gaveUp)
    {
        var connection = ConnectionOf(call);
        await connection.WaitAsync(gaveUp);
        try
        {
            await all.WaitAsync(gaveUp);
        }
        catch
        {
            connection.Release();
            throw;
        }

        return new Turn(connection, all);
    }

    // Kept with the connection. A server inside a test has no connection, so there it is kept with the call.
    private SemaphoreSlim ConnectionOf(HttpContext call)
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
