using System.CommandLine;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;
using GrpcChat.Bench.Workloads;

namespace GrpcChat.Bench.Commands;

/// <summary>The command line: a command for each workload, and some that run several.</summary>
internal static class BenchCommand
{
    public const int ExitCodeOfUsage = 2;
    public const int ExitCodeOfInterrupt = 130;

    // Servers are asked to end before they are killed.
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(15);

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            DataDirectory.DeleteAbandoned();
            return await Create(WorkloadList.All).Parse(args)
                .InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeToEnd });
        }
        finally
        {
            ChildProcesses.KillAll();
        }
    }

    private static RootCommand Create(IReadOnlyList<IWorkload> workloads)
    {
        var root = new RootCommand(
            """
            Measures the chat service and the programs that it is compared with. It starts them itself, with a new database in
            every round. The record of a run, with every round, is kept in docs/benchmarks/; docs/benchmarks.md and its charts
            are generated from all records there.

            Examples:
              compare                        the workloads that every peer supports, in less than 20 minutes
              w3                             one workload
              w1 --peers grpcchat --rounds 1 only our own service; the record is not kept
              versus --baseline DIRECTORY w1 our own service and another build of it, in turns
              hostile                        what a calm client notices of attacks
              trim                           what a calm client notices while a million messages are removed
              all --output /tmp/bench        everything with the largest sizes, written elsewhere
              page                           only the page, after a change of docs/benchmarks/w3.notes.md
            """);
        foreach (var workload in workloads)
        {
            root.Add(Workloads(workload.Id, $"{workload.Title}: {workload.Description}", [workload]));
        }

        var compared = workloads.Where(workload => WorkloadList.Compared.Contains(workload.Id)).ToList();
        root.Add(Workloads("compare", "The workloads that every peer supports, W1 to W5, in less than 20 minutes.", compared));
        root.Add(Workloads("all", "Every workload with the largest sizes; takes hours.", workloads, isFull: true));
        root.Add(Workloads(
            "smoke", "Every workload for a moment, to check that everything works. Keeps no record.", workloads, isSmoke: true));
        root.Add(VersusCommand.Create([.. workloads.OfType<IHeadlineWorkload>()]));
        root.Add(LoadCommand.Create());
        root.Add(HostileCommand.Create());
        root.Add(HostileCommand.CreateAttack());
        root.Add(TrimCommand.Create());
        root.Add(Page());
        return root;
    }

    private static Command Workloads(
        string name,
        string description,
        IReadOnlyList<IWorkload> workloads,
        bool isFull = false,
        bool isSmoke = false)
    {
        var options = new RunOptions();
        var command = new Command(name, description);
        options.AddTo(command);
        command.SetAction((parsed, stop) =>
        {
            var run = options.Read(parsed, name, stop) with { Full = isFull, Smoke = isSmoke };

            // A record without some peers must not replace one that has them.
            var keeps = options.Output(parsed) is not null || (!isSmoke && run.Peers is null);
            var reports = Reports(options.Output(parsed));
            if (!isSmoke && !RunOptions.CanMeasureHere())
            {
                return Task.FromResult(ExitCodeOfUsage);
            }

            return keeps && reports is null
                ? Task.FromResult(FailWithoutDirectory())
                : new WorkloadRuns(run, keeps ? reports : null).RunAsync(workloads);
        });
        return command;
    }

    private static Command Page()
    {
        var output = RunOptions.OutputOption();
        var command = new Command("page", "Measures nothing: generates the page and its charts from the records.") { output };
        command.SetAction(parsed =>
        {
            if (Reports(parsed.GetValue(output)) is not { } reports)
            {
                return FailWithoutDirectory();
            }

            reports.Render();
            return 0;
        });
        return command;
    }

    private static ReportDirectory? Reports(DirectoryInfo? output) =>
        (output?.FullName ?? ReportDirectory.OfRepository()) is { } directory ? new ReportDirectory(directory) : null;

    private static int FailWithoutDirectory()
    {
        Console.Error.WriteLine("The current directory is not in a checkout of this project: use --output DIRECTORY.");
        return ExitCodeOfUsage;
    }
}
