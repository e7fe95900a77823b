using Chat.Bench.Peers;

namespace Chat.Bench.Loads;

/// <summary>What one round of one load with one peer has shown.</summary>
internal sealed record RoundResult
{
    /// <summary>By name with unit, as in tables: "acked sends/s", "ack p50 (ms)", "server CPU per delivery (µs)".</summary>
    public required IReadOnlyDictionary<string, double> Figures { get; init; }

    /// <summary>Values over time, for pictures; by name with unit, seconds since the round began on the left.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Point>> Series { get; init; } = new Dictionary<string, IReadOnlyList<Point>>();

    /// <summary>What did not arrive as it must have; null = everything did.</summary>
    public string? Failure { get; init; }
}

/// <summary>One point of a series.</summary>
internal readonly record struct Point(double Seconds, double Value);

/// <summary>A load that any peer can be put under.</summary>
internal interface ILoad
{
    Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop);
}
