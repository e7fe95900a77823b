using System.Threading.RateLimiting;
using GrpcChat.AspNetCore.Diagnostics;

namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// Limits the sends of a sender or, without authentication, of an address. A stream that sends faster is read more
/// slowly: it waits for its turn. Callers without authentication on this machine are not limited: nothing tells them
/// apart.
/// </summary>
internal sealed class SendLimiter : IDisposable
{
    // The limiter adds tokens ten times a second, so this is also how long a stream waits at least.
    private const int PeriodsPerSecond = 10;

    private readonly int perSecond;
    private readonly ChatMetrics metrics;
    private readonly PartitionedRateLimiter<string>? limiter;

    public SendLimiter(ChatOptions options, ChatMetrics metrics)
    {
        perSecond = options.MaxSendsPerSenderAndSecond;
        this.metrics = metrics;
        if (perSecond > 0)
        {
            var bucket = BucketOf(options);
            limiter = PartitionedRateLimiter.Create<string, string>(
                quota => RateLimitPartition.GetTokenBucketLimiter(quota, _ => bucket));
        }
    }

    /// <summary>Waits until the caller may send one more message.</summary>
    /// <param name="caller">Who sends.</param>
    /// <param name="gaveUp">Ends the wait, without an exception: a send that has been read is carried out.</param>
    public ValueTask WaitAsync(Caller caller, CancellationToken gaveUp) =>
        TryTake(caller, out var quota) ? ValueTask.CompletedTask : new(WaitForTurnAsync(quota, gaveUp));

    /// <summary>Null if the caller may send one more message now; otherwise how long to wait.</summary>
    /// <param name="caller">Who sends.</param>
    public TimeSpan? TryEnter(Caller caller)
    {
        if (TryTake(caller, out _))
        {
            return null;
        }

        // The time in which one token is added, and at least the time between two additions.
        return TimeSpan.FromSeconds(Math.Max(1.0 / perSecond, 1.0 / PeriodsPerSecond));
    }

    public void Dispose() => limiter?.Dispose();

    private static TokenBucketRateLimiterOptions BucketOf(ChatOptions options)
    {
        var perPeriod = Math.Max(1, options.MaxSendsPerSenderAndSecond / PeriodsPerSecond);
        return new()
        {
            TokenLimit = Math.Max(options.MaxSendBurst, perPeriod),
            TokensPerPeriod = perPeriod,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)perPeriod / options.MaxSendsPerSenderAndSecond),

            // Each stream waits for one turn at a time, and the streams of a sender are limited.
            QueueLimit = int.MaxValue,
        };
    }

    private bool TryTake(Caller caller, out string quota)
    {
        quota = caller.Quota ?? "";
        if (limiter is null || caller.Quota is null)
        {
            return true;
        }

        using var lease = limiter.AttemptAcquire(quota);
        if (!lease.IsAcquired)
        {
            metrics.OnLimited(nameof(ChatOptions.MaxSendsPerSenderAndSecond));
        }

        return lease.IsAcquired;
    }

    private async Task WaitForTurnAsync(string quota, CancellationToken gaveUp)
    {
        try
        {
            using var lease = await limiter!.AcquireAsync(quota, permitCount: 1, gaveUp);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
