using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>The result of one round: one load, one peer.</summary>
internal sealed record RoundResult
{
    /// <summary>By name with unit, as in tables: "acked sends/s", "ack p50 (ms)".</summary>
    public required IReadOnlyDictionary<string, double> Figures { get; init; }

    /// <summary>Values over time for charts, by name with unit.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Point>> Series { get; init; } = new Dictionary<string, IReadOnlyList<Point>>();

    /// <summary>What did not arrive, or why the round was aborted; null = everything arrived.</summary>
    public string? Failure { get; init; }
}

/// <summary>One point of a series; seconds count from the start of the measurement.</summary>
internal readonly record struct Point(double Seconds, double Value);

/// <summary>A load for any peer.</summary>
internal interface ILoad
{
    Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop);
}
