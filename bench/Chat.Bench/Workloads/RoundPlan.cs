namespace Chat.Bench.Workloads;

/// <summary>How many rounds, and how long each is.</summary>
internal sealed record RoundPlan(int Rounds, TimeSpan WarmUp, TimeSpan Length)
{
    // The runtimes compile what is hot while it runs; only then it is as fast as it is for the rest of a server's life.
    private static readonly TimeSpan UsualWarmUp = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan StartAndStop = TimeSpan.FromSeconds(2);

    /// <summary>What the command line says, else what the workload knows.</summary>
    public static RoundPlan Of(WorkloadRun run, int rounds, double seconds) => run.Smoke
        ? new(1, TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(1))
        : new(run.Rounds ?? rounds, UsualWarmUp, run.RoundLength ?? TimeSpan.FromSeconds(seconds));

    /// <summary>How long it takes when so many take turns.</summary>
    public TimeSpan Expected(int turns) => Rounds * turns * (WarmUp + Length + StartAndStop);

    /// <summary>Says at the beginning of a workload how long it takes.</summary>
    public static void Tell(WorkloadRun run, IWorkload workload, params TimeSpan[] parts)
    {
        var all = new TimeSpan(parts.Sum(part => part.Ticks));
        run.Progress.Note($"{workload.Id}, {workload.Title}: about {(int)all.TotalMinutes}:{all.Seconds:00} with all peers");
    }
}
