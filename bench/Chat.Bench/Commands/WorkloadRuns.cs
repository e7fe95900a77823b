using Chat.Bench.Reporting;
using Chat.Bench.Workloads;

namespace Chat.Bench.Commands;

/// <summary>Runs workloads one after the other, prints what they have seen and keeps it.</summary>
/// <param name="run">What is wanted of each.</param>
/// <param name="reports">Where the records go; null = they are only printed.</param>
internal sealed class WorkloadRuns(WorkloadRun run, ReportDirectory? reports)
{
    private const int ExitCodeOfInterrupt = 130;

    /// <summary>
    /// Returns the exit code: 1 where something of ours did not arrive as it must, where a peer never came through a round,
    /// or where a workload broke.
    /// </summary>
    public async Task<int> RunAsync(IReadOnlyList<IWorkload> workloads)
    {
        var exitCode = 0;
        foreach (var workload in workloads)
        {
            run.Progress.Begin(workload.Id);
            try
            {
                var record = await workload.RunAsync(run);
                run.Progress.Clear();
                exitCode |= Print(record);
                Keep(record);
            }
            catch (OperationCanceledException) when (run.Stop.IsCancellationRequested)
            {
                run.Progress.Note("interrupted");
                return ExitCodeOfInterrupt;
            }
#pragma warning disable CA1031 // Hours of other workloads are not thrown away because of one.
            catch (Exception error)
#pragma warning restore CA1031
            {
                run.Progress.Clear();
                await Console.Error.WriteLineAsync($"{workload.Id} broke: {error}");
                exitCode = 1;
            }
        }

        return exitCode;
    }

    private static int Print(WorkloadRecord record)
    {
        Console.Write(WorkloadSection.Render(record, notes: null, pictures: []));
        var failures = record.Peers
            .Where(rows => rows.Peer == PeerRounds.Ours || rows.NeverCameThrough)
            .SelectMany(rows => rows.Rounds.Select(round => round.Failure).OfType<string>().Select(failure => $"{rows.Peer}: {failure}"))
            .ToList();
        if (record.Peers.Count == 0)
        {
            failures.Add("None of the peers that were asked for takes part.");
        }

        failures.ForEach(failure => Console.Error.WriteLine($"{record.Id}: {failure}"));
        return failures.Count == 0 ? 0 : 1;
    }

    private void Keep(WorkloadRecord record)
    {
        if (reports is null)
        {
            return;
        }

        if (record.Peers.FirstOrDefault(rows => rows.NeverCameThrough) is { } broken)
        {
            Console.WriteLine($"\nThe record is not kept, as {broken.Peer} never came through a round.");
            return;
        }

        reports.Save(record);
        reports.Render();
        Console.WriteLine($"\nThe record is kept; {reports.Page} is written anew.");
    }
}
