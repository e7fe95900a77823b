using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>What the command line wants of a workload.</summary>
internal sealed record WorkloadRun
{
    /// <summary>As typed after the project: "w1 --rounds 3".</summary>
    public required string Command { get; init; }

    /// <summary>Rounds of each peer; null = the workload knows.</summary>
    public int? Rounds { get; init; }

    /// <summary>How long a round is measured, without its warm-up; null = the workload knows.</summary>
    public TimeSpan? RoundLength { get; init; }

    /// <summary>Only these; null = all that the workload compares.</summary>
    public IReadOnlyList<string>? Peers { get; init; }

    /// <summary>One round, a second or two, small numbers: does everything still work?</summary>
    public bool Smoke { get; init; }

    /// <summary>Time does not matter: the largest sizes.</summary>
    public bool Full { get; init; }

    public required Progress Progress { get; init; }

    public CancellationToken Stop { get; init; }

    public bool Wants(string peer) => Peers is null || Peers.Contains(peer, StringComparer.OrdinalIgnoreCase);

    /// <summary>A record with the head filled in; the workload adds what it has seen.</summary>
    public WorkloadRecord RecordOf(IWorkload workload) => new()
    {
        Id = workload.Id,
        Title = workload.Title,
        Description = workload.Description,
        Command = Command,
        At = Progress.Begun,
        Machine = Machine.Here(),
    };
}
