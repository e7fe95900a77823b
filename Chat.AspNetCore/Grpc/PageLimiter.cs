using System.Diagnostics.CodeAnalysis;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Limits the pages that are in memory because they are being read or their clients have not taken them yet: in all,
/// and per caller, so that a caller that does not read keeps only itself waiting, however many connections it opens.
/// </summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "A call can outlive the stop, and a semaphore without a wait handle holds nothing.")]
internal sealed class PageLimiter(ChatOptions options, ChatMetrics metrics)
{
    private readonly SemaphoreSlim all = new(options.MaxPagesAtOnce);

    // Those of callers that have a page or wait for one. Also the lock around itself.
    private readonly Dictionary<object, Share> shares = [];

    /// <summary>The pages that are held.</summary>
    public int Count => options.MaxPagesAtOnce - all.CurrentCount;

    /// <summary>Waits for a turn. Disposing of the result ends the turn.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="connection">Stands for the connection, where nothing else tells one caller from another.</param>
    /// <param name="gaveUp">Ends the wait.</param>
    public async Task<IDisposable> WaitAsync(Caller caller, object connection, CancellationToken gaveUp)
    {
        var turn = new Turn(this, caller.Quota ?? connection);
        try
        {
            await turn.WaitAsync(gaveUp);
            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    private Task WaitAsync(SemaphoreSlim turns, string limit, CancellationToken gaveUp)
    {
        var turn = turns.WaitAsync(gaveUp);
        if (!turn.IsCompleted)
        {
            metrics.OnLimited(limit);
        }

        return turn;
    }

    private Share Enter(object key)
    {
        lock (shares)
        {
            if (!shares.TryGetValue(key, out var share))
            {
                shares[key] = share = new Share(options.MaxPagesPerCaller);
            }

            share.Calls++;
            return share;
        }
    }

    private void Leave(object key)
    {
        lock (shares)
        {
            if (--shares[key].Calls == 0)
            {
                shares.Remove(key);
            }
        }
    }

    private sealed class Share(int pages) : SemaphoreSlim(pages)
    {
        public int Calls { get; set; }
    }

    private sealed class Turn(PageLimiter limiter, object key) : IDisposable
    {
        private readonly Share share = limiter.Enter(key);
        private bool hasShare;
        private bool hasTurn;

        public async Task WaitAsync(CancellationToken gaveUp)
        {
            await limiter.WaitAsync(share, nameof(ChatOptions.MaxPagesPerCaller), gaveUp);
            hasShare = true;
            await limiter.WaitAsync(limiter.all, nameof(ChatOptions.MaxPagesAtOnce), gaveUp);
            hasTurn = true;
        }

        public void Dispose()
        {
            if (hasTurn)
            {
                limiter.all.Release();
            }

            if (hasShare)
            {
                share.Release();
            }

            limiter.Leave(key);
        }
    }
}
