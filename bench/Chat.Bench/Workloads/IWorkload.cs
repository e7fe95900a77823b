using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>
/// One of the workloads of docs/benchmarks.md: which loads, which peers, how many rounds, and which targets.
/// </summary>
internal interface IWorkload
{
    /// <summary>The name of its command and of its record: w1.</summary>
    string Id { get; }

    /// <summary>A few words, without the id: "Durable ingest".</summary>
    string Title { get; }

    /// <summary>One sentence that describes the load.</summary>
    string Description { get; }

    /// <summary>Measures; the record starts as <see cref="WorkloadRun.RecordOf"/>.</summary>
    Task<WorkloadRecord> RunAsync(WorkloadRun run);
}

/// <summary>
/// A workload with one load that gives its headline figure, so that `versus` can compare two builds by it.
/// </summary>
internal interface IHeadlineWorkload : IWorkload
{
    HeadlineLoad Headline(WorkloadRun run);
}

/// <summary>The load that gives a headline figure.</summary>
/// <param name="Figure">The figure's name.</param>
/// <param name="Load">For any peer.</param>
/// <param name="Plan">Rounds and their length.</param>
internal sealed record HeadlineLoad(string Figure, ILoad Load, RoundPlan Plan);
