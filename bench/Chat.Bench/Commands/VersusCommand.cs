using System.CommandLine;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;
using GrpcChat.Bench.Workloads;

namespace GrpcChat.Bench.Commands;

/// <summary>
/// `versus`: measures our service and another build of it in turns, by the headline figures of some workloads.
/// </summary>
internal static class VersusCommand
{
    private const string Baseline = "baseline";

    private static readonly string[] CpuFigures =
        [Figures.ServerCpuPerSend, Figures.ServerCpuPerDelivery, Figures.ServerCpuPerMessage];

    public static Command Create(IReadOnlyList<IHeadlineWorkload> workloads)
    {
        var directory = new Option<DirectoryInfo>("--baseline")
        {
            Description = $"Directory of the other build, which holds {GrpcChatPeer.ServiceName}; build both with -c Release",
            HelpName = "directory",
            Required = true,
        };
        directory.Validators.Add(given =>
        {
            if (given.GetValue(directory) is { } other && !File.Exists(Path.Combine(other.FullName, GrpcChatPeer.ServiceName)))
            {
                given.AddError($"--baseline: there is no {GrpcChatPeer.ServiceName} in {other}.");
            }
        });
        var ids = new Argument<string[]>("workloads")
        {
            Description = "The workloads to run",
            DefaultValueFactory = _ => [.. workloads.Select(workload => workload.Id)],
        };
        ids.AcceptOnlyFromAmong([.. workloads.Select(workload => workload.Id)]);

        var tokens = new Option<bool>("--tokens") { Description = "Every call to our service carries a token" };
        var telemetry = new Option<bool>("--telemetry")
        {
            Description = "Our service sends telemetry to a collector, and its metrics page is read every second",
        };
        var options = new RunOptions();
        var command = new Command(
            "versus",
            """
            Runs our service and another build of it in turns, under the load of each workload's headline figure. Prints both
            medians of that figure and of the server's CPU time, which depends less on what else the machine does, and the
            median, minimum and maximum of the rounds' ratios. Keeps no record. Exit code 1 = a round failed.
            """)
        {
            ids, directory, tokens, telemetry,
        };
        options.AddTo(command, keepsRecord: false);
        command.SetAction(async (parsed, stop) =>
        {
            if (!RunOptions.CanMeasureHere())
            {
                return BenchCommand.ExitCodeOfUsage;
            }

            var run = options.Read(parsed, command.Name, stop);
            var chosen = workloads.Where(workload => parsed.GetValue(ids)!.Contains(workload.Id));
            try
            {
                var variant = new ServiceVariant(parsed.GetValue(tokens), parsed.GetValue(telemetry));
                return await RunAsync(run, [.. chosen], parsed.GetValue(directory)!, variant);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                run.Progress.Note("interrupted");
                return BenchCommand.ExitCodeOfInterrupt;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        WorkloadRun run, IReadOnlyList<IHeadlineWorkload> workloads, DirectoryInfo directory, ServiceVariant variant)
    {
        IPeer[] peers = [new GrpcChatPeer(variant: variant), new GrpcChatPeer(Baseline, directory.FullName)];
        var table = new MarkdownTable(
            ["workload", "figure", .. peers.Select(peer => peer.Name), "ratio per round: median (min–max)"]);
        var failed = false;
        foreach (var workload in workloads)
        {
            run.Progress.Begin(workload.Id);
            var (figure, load, plan) = workload.Headline(run);
            var rows = await new Comparison(run).RunAsync(Turn.Of(load, peers), plan.Rounds);
            foreach (var shown in (string[])[figure, .. CpuFigures.Where(cpu => Ratios.Figure(rows[0], cpu) is not null)])
            {
                table.Add(Row(workload, shown, rows[0], rows[1]));
            }

            run.Progress.Clear();
            foreach (var (peer, failure) in rows.SelectMany(row => row.Failures.Select(failure => (row.Peer, failure))))
            {
                failed = true;
                await Console.Error.WriteLineAsync($"{workload.Id}, {peer}: {failure}");
            }
        }

        await Console.Out.WriteLineAsync(
            $"{table}\nThe ratio is ours ÷ baseline, or baseline ÷ ours for latencies and CPU time: above 1 = ours is faster.");
        return failed ? 1 : 0;
    }

    internal static IReadOnlyList<string> Row(IWorkload workload, string figure, PeerRounds ours, PeerRounds baseline)
    {
        var isRate = figure.EndsWith("/s", StringComparison.Ordinal);
        return
        [
            $"{workload.Id} {workload.Title}",
            figure,
            Numbers.Text(Ratios.Figure(ours, figure)),
            Numbers.Text(Ratios.Figure(baseline, figure)),
            Numbers.Times(isRate ? Ratios.Of(ours, baseline, figure) : Ratios.Of(baseline, ours, figure)),
        ];
    }
}
