namespace GrpcChat.AspNetCore.Connections;

/// <summary>
/// How many frames without content a connection may still send: what an honest client needs, and for pings and window
/// updates also as many as the bytes explain that it has been sent. Not thread-safe, but for <see cref="OnWritten"/>.
/// </summary>
/// <param name="perSecond">Frames that it may send in a second for long; twice as many at once.</param>
/// <param name="time">The clock.</param>
internal sealed class FrameBudget(int perSecond, TimeProvider time)
{
    private const int SecondsSaved = 2;

    // Each costs the web server a stream, so others would feel more of them. Enough are left to reset all streams of a
    // connection at once.
    private const int ResetCost = 2;

    private const int SpentShare = 4;

    // Clients measure the round trip with a ping, and return the window with one or two updates, for as little as one
    // frame of data. A frame that answers a ping or settings has less than half of these bytes, so no flood feeds
    // itself.
    private const int BytesPerFrame = 64;

    private readonly double most = perSecond * (double)SecondsSaved;
    private double left = perSecond * (double)SecondsSaved;
    private double leftForReader = perSecond * (double)SecondsSaved;
    private long refilled = time.GetTimestamp();
    private long written;
    private long counted;

    /// <summary>
    /// Whether less than a quarter of it is left. A connection that ends like this was flooded too, although something
    /// else ended it first.
    /// </summary>
    public bool IsMostlySpent
    {
        get
        {
            Refill();
            return Math.Min(left, leftForReader) < most / SpentShare;
        }
    }

    /// <summary>The connection was sent so many bytes.</summary>
    public void OnWritten(int bytes) => Volatile.Write(ref written, written + bytes);

    /// <summary>Takes one frame from the budget. False = it is used up.</summary>
    public bool TryTake(FrameKind kind)
    {
        // Clients send the more pings and window updates the more they read.
        ref var budget = ref kind is FrameKind.Ping or FrameKind.WindowUpdate ? ref leftForReader : ref left;
        var cost = kind == FrameKind.Reset ? ResetCost : 1;

        // The clock is asked only when a budget is used up.
        if (budget < cost)
        {
            Refill();
        }

        budget -= cost;
        return budget >= 0;
    }

    private void Refill()
    {
        var now = time.GetTimestamp();
        var earned = time.GetElapsedTime(refilled, now).TotalSeconds * perSecond;
        var all = Volatile.Read(ref written);
        left = Math.Min(most, left + earned);
        leftForReader = Math.Min(most, leftForReader + earned + ((all - counted) / (double)BytesPerFrame));
        (refilled, counted) = (now, all);
    }
}
