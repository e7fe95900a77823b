namespace GrpcChat.Bench.Workloads;

/// <summary>The number of rounds and their length.</summary>
internal sealed record RoundPlan(int Rounds, TimeSpan WarmUp, TimeSpan Length)
{
    // The runtimes compile hot code while it runs; a server reaches its lasting speed only after that.
    private static readonly TimeSpan DefaultWarmUp = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan StartAndStop = TimeSpan.FromSeconds(2);

    /// <summary>From the command line, with the workload's defaults.</summary>
    public static RoundPlan Of(WorkloadRun run, int rounds, double seconds) => run.Smoke
        ? new(1, TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(1))
        : new(run.Rounds ?? rounds, DefaultWarmUp, run.RoundLength ?? TimeSpan.FromSeconds(seconds));

    /// <summary>The same with another warm-up, unless this is a smoke test.</summary>
    public RoundPlan WithWarmUp(WorkloadRun run, TimeSpan warmUp) => run.Smoke ? this : this with { WarmUp = warmUp };

    /// <summary>The duration of all rounds of so many turns.</summary>
    public TimeSpan Expected(int turns) => Rounds * turns * (WarmUp + Length + StartAndStop);

    /// <summary>Announces at the beginning of a workload how long it takes.</summary>
    public static void Announce(WorkloadRun run, IWorkload workload, params TimeSpan[] parts)
    {
        var all = new TimeSpan(parts.Sum(part => part.Ticks));
        run.Progress.Note($"{workload.Id}, {workload.Title}: about {(int)all.TotalMinutes}:{all.Seconds:00} with all peers");
    }
}
