using GrpcChat.Bench.Reporting;
using GrpcChat.Bench.Workloads;

namespace GrpcChat.Bench.Commands;

/// <summary>Runs workloads one after the other, prints their results and keeps the records.</summary>
/// <param name="run">From the command line.</param>
/// <param name="reports">Where records are kept; null = nowhere.</param>
internal sealed class WorkloadRuns(WorkloadRun run, ReportDirectory? reports)
{
    /// <summary>
    /// Returns the exit code: 1 = a round of ours failed, a peer failed in every round, or a workload threw.
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
                return BenchCommand.ExitCodeOfInterrupt;
            }
#pragma warning disable CA1031 // One workload must not discard hours of others.
            catch (Exception error)
#pragma warning restore CA1031
            {
                run.Progress.Clear();
                await Console.Error.WriteLineAsync($"{workload.Id} failed: {error}");
                exitCode = 1;
            }
        }

        return exitCode;
    }

    private static int Print(WorkloadRecord record)
    {
        Console.Write(WorkloadSection.Render(record, notes: null, pictures: []));
        var failures = record.Peers
            .Where(rows => rows.Peer == PeerRounds.Ours || rows.HasNoResult)
            .SelectMany(rows => rows.Failures.Select(failure => $"{rows.Peer}: {failure}"))
            .ToList();
        if (record.Peers.Count == 0)
        {
            failures.Add("None of the peers given with --peers is part of this workload.");
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

        if (record.Peers.FirstOrDefault(rows => rows.HasNoResult) is { } broken)
        {
            Console.WriteLine($"\nThe record is not kept, because {broken.Peer} failed in every round.");
            return;
        }

        reports.Save(record);
        reports.Render();
        Console.WriteLine($"\nThe record is kept, and {reports.Page} has been updated.");
    }
}
