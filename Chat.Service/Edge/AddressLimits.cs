using GrpcChat.AspNetCore;

namespace GrpcChat.Service.Edge;

/// <summary>What one address may do. Not thread-safe.</summary>
/// <param name="max">
/// The most connections at once. All of them may be opened at once, and then a tenth in each second.
/// </param>
/// <param name="time">The clock.</param>
internal sealed class AddressLimits(int max, TimeProvider time)
{
    private const int SecondsToRefill = 10;

    // The first flood may be a mistake. Who goes on is refused for twice as long each time.
    private static readonly TimeSpan FirstPenalty = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPenalty = TimeSpan.FromMinutes(10);

    private int open;
    private double mayOpen = max;
    private long refilled = time.GetTimestamp();
    private long flooded;
    private TimeSpan penalty;

    /// <summary>The name of the option because of which it may not open a connection now; null = it may.</summary>
    public string? Refuses()
    {
        Refill();
        return IsPunished() ? nameof(ChatOptions.MaxControlFramesPerSecond)
            : open >= max || mayOpen < 1 ? ServiceOption.MaxConnectionsPerAddress.Name
            : null;
    }

    public void Open() => (open, mayOpen) = (open + 1, mayOpen - 1);

    public void Close() => open--;

    /// <summary>One of its connections was closed because of a flood.</summary>
    public void OnFlood()
    {
        // Several connections at once are one flood.
        if (!IsPunished())
        {
            penalty = penalty == TimeSpan.Zero || IsForgotten() ? FirstPenalty
                : penalty * 2 < LongestPenalty ? penalty * 2 : LongestPenalty;
            flooded = time.GetTimestamp();
        }
    }

    /// <summary>Whether nothing would change if it were forgotten.</summary>
    public bool IsAsNew()
    {
        Refill();
        return open == 0 && mayOpen >= max && (penalty == TimeSpan.Zero || IsForgotten());
    }

    private bool IsPunished() => penalty > TimeSpan.Zero && time.GetElapsedTime(flooded) < penalty;

    private bool IsForgotten() => time.GetElapsedTime(flooded) >= penalty + LongestPenalty;

    private void Refill()
    {
        var now = time.GetTimestamp();
        mayOpen = Math.Min(max, mayOpen + (time.GetElapsedTime(refilled, now).TotalSeconds * max / SecondsToRefill));
        refilled = now;
    }
}
