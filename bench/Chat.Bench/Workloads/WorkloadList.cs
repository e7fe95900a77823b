namespace GrpcChat.Bench.Workloads;

/// <summary>Every workload, in the order of the page; each is a command.</summary>
internal static class WorkloadList
{
    public static IReadOnlyList<IWorkload> All { get; } =
    [
        new W1Ingest(),
        new W2Latency(),
        new W3FanOut(),
        new W4Replay(),
        new W5Paced(),
        new W6Idle(),
        new W7Storm(),
        new W8SlowReaders(),
        new W9Growth(),
        new W10Nodes(),
        new LimitsWorkload(),
    ];

    /// <summary>The workloads of `compare`: every peer can run them.</summary>
    public static IReadOnlyList<string> Compared { get; } = ["w1", "w2", "w3", "w4", "w5"];
}
