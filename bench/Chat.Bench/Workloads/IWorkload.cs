using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>One of the workloads of docs/benchmarks.md: which loads, which peers, how many rounds, and which targets.</summary>
internal interface IWorkload
{
    /// <summary>The command's name and the record's: w1.</summary>
    string Id { get; }

    /// <summary>A few words, without the id: "Durable ingest".</summary>
    string Title { get; }

    /// <summary>One sentence: what is loaded with what.</summary>
    string Description { get; }

    /// <summary>Measures; the record begins as <see cref="WorkloadRun.RecordOf"/>.</summary>
    Task<WorkloadRecord> RunAsync(WorkloadRun run);
}
