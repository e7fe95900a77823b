using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>How the command line wants workloads to be run.</summary>
internal sealed record WorkloadRun
{
    /// <summary>As typed after the program: "w1 --rounds 3".</summary>
    public required string Command { get; init; }

    /// <summary>Rounds of each peer; null = the workload's default.</summary>
    public int? Rounds { get; init; }

    /// <summary>The measured time of a round, without its warm-up; null = the workload's default.</summary>
    public TimeSpan? RoundLength { get; init; }

    /// <summary>Only these; null = all peers of the workload.</summary>
    public IReadOnlyList<string>? Peers { get; init; }

    /// <summary>One short round with small numbers, to check that everything works.</summary>
    public bool Smoke { get; init; }

    /// <summary>The largest sizes, however long that takes.</summary>
    public bool Full { get; init; }

    public required Progress Progress { get; init; }

    public CancellationToken Stop { get; init; }

    public bool Includes(string peer) => Peers is null || Peers.Contains(peer, StringComparer.OrdinalIgnoreCase);

    /// <summary>A record that describes the run; the workload adds its results.</summary>
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
