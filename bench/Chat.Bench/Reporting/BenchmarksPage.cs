using System.Text;

namespace GrpcChat.Bench.Reporting;

/// <summary>docs/benchmarks.md: an introduction, then what the records and the notes beside them say.</summary>
internal static class BenchmarksPage
{
    private const string Start =
        """
        # Benchmarks

        The benchmark generates this page: every number comes from the records in `docs/benchmarks/`, which hold every round
        of every peer. Explanations come from `docs/benchmarks/*.notes.md`.

        <!-- not run: takes many minutes -->
        ```sh
        dotnet run -c Release --project bench/Chat.Bench -- compare
        ```

        runs the workloads that every peer supports. Instead of `compare`, `w1` to `w10` or `limits` runs one workload, `all`
        runs everything with the largest sizes, `page` only generates this page, and `--help` explains the rest.
        [`bench/peers`](../bench/peers/README.md) describes the peers and how to install them.

        Servers and load generator share one machine. Every ack follows a sync of the disk, and messages have 120 bytes. Peers
        are measured in turns, one round of each and then the next, each round with a new server process and a new database
        (except in W9, where the processes that compare stored messages keep running). Tables show the median of the rounds
        and, in parentheses, minimum and maximum. Ratios are computed per round, our figure over the peer's, because a
        disturbance of the machine affects both sides of a round. CPU is the user and system time of a process; 1 core = one
        second of CPU time per second. A check mark shows a target that was met, a cross one that was missed.


        """;

    /// <param name="records">In the order of the page.</param>
    /// <param name="notes">Returns the notes of a workload by its id; null = it has none.</param>
    /// <param name="pictures">Returns the file names and titles of a workload's charts.</param>
    public static string Render(
        IReadOnlyList<WorkloadRecord> records,
        Func<string, string?> notes,
        Func<WorkloadRecord, IEnumerable<(string File, string Title)>> pictures)
    {
        var page = new StringBuilder(Start);
        if (records.Count == 0)
        {
            return page.Append("There are no records yet.\n").ToString();
        }

        var machine = records.MaxBy(record => record.At)!.Machine;
        page.Append($"Machine: {Of(machine)}.\n\n");
        page.Append(HeadlineTable.Render(records));
        foreach (var record in records)
        {
            page.Append(WorkloadSection.Render(record, notes(record.Id), pictures(record)));
            if (record.Machine != machine)
            {
                page.Append($"\nOn another machine: {Of(record.Machine)}.\n");
            }
        }

        return page.ToString().ReplaceLineEndings("\n");
    }

    private static string Of(Machine machine) =>
        $"{machine.Cores} × {machine.Processor}, {machine.Memory} of memory, {machine.Kernel}, databases on {machine.Disk}, "
        + $".NET {machine.DotNet} (garbage collector of our server: {machine.Collector})"
        + (machine.Node is null ? "" : $", Node {machine.Node}");
}
