using System.Text;

namespace Chat.Bench.Reporting;

/// <summary>docs/benchmarks.md: everything in it but its frame comes from the records and from the notes beside them.</summary>
internal static class BenchmarksPage
{
    private const string Start =
        """
        # Benchmarks

        This page is written by the benchmark: every number in it is from the records in `docs/benchmarks/`, which hold every
        round of every peer. Text that explains them is in `docs/benchmarks/*.notes.md`.

        <!-- not run: takes many minutes -->
        ```sh
        dotnet run -c Release --project bench/Chat.Bench -- compare
        ```

        runs the workloads that every peer can take; `w1` to `w9` or `limits` instead of `compare` runs one of them, `all`
        everything with the largest sizes, `page` only writes this page anew, and `--help` explains the rest. What the peers
        are and how they are installed: [`bench/peers`](../bench/peers/README.md).

        All run on one machine, the load generator beside the server, every ack after a sync of the disk, messages of 120
        bytes. Peers are measured in turns, a round of each and then the next, each with a server process and a database of
        its own (only where W9 compares what is stored do the processes live on); given are the median of the rounds and, in
        brackets, the smallest and the largest. A ratio is taken round by round, ours over the peer's, because both sides of a
        round have the same neighbours. CPU is user and system time of a process; 1 core = a second of it in a second. A tick
        marks a target that was met, a cross one that was missed.


        """;

    /// <param name="records">In the order of the page.</param>
    /// <param name="notes">The text of a workload's notes, by its id; null where there is none.</param>
    /// <param name="pictures">The file names of a workload's pictures, with their titles.</param>
    public static string Render(
        IReadOnlyList<WorkloadRecord> records,
        Func<string, string?> notes,
        Func<WorkloadRecord, IEnumerable<(string File, string Title)>> pictures)
    {
        var page = new StringBuilder(Start);
        if (records.Count == 0)
        {
            return page.Append("Nothing has been run yet.\n").ToString();
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
        + $".NET {machine.DotNet} (collector of our server: {machine.Collector})"
        + (machine.Node is null ? "" : $", Node {machine.Node}");
}
