using System.CommandLine;
using System.Globalization;
using GrpcChat.Bench.Reporting;
using GrpcChat.Bench.Workloads;

namespace GrpcChat.Bench.Commands;

/// <summary>The options of the commands that measure.</summary>
internal sealed class RunOptions
{
    private readonly Option<int?> rounds = new("--rounds")
    {
        Description = "Rounds of each peer [default: the workload's, mostly 5]",
        HelpName = "n",
    };

    private readonly Option<double?> seconds = new("--seconds")
    {
        Description = "Measured time of a round [default: the workload's, at most 30]",
        HelpName = "s",
    };

    private readonly Option<string[]> peers = new("--peers")
    {
        Description = "Only these, for example grpcchat tutorial-wal; the record is kept only with --output",
        HelpName = "names",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<DirectoryInfo?> output = OutputOption();

    private readonly Option<bool> quiet = new("--quiet") { Description = "Show no progress on standard error" };

    public RunOptions()
    {
        rounds.Validators.Add(given =>
        {
            if (given.GetValue(rounds) < 1)
            {
                given.AddError($"--rounds must be at least 1, not {given.GetValue(rounds)}.");
            }
        });
        seconds.Validators.Add(given =>
        {
            if (given.GetValue(seconds) is not (> 0 and <= 3600))
            {
                given.AddError($"--seconds must be greater than 0 and at most 3600, not {given.GetValue(seconds)}.");
            }
        });
    }

    public static Option<DirectoryInfo?> OutputOption() => new("--output")
    {
        Description = "Directory of benchmarks.md and benchmarks/ [default: docs/ of the checkout around the current directory]",
        HelpName = "directory",
    };

    /// <summary>Measuring on a disk in memory is pointless; says so on standard error.</summary>
    public static bool CanMeasureHere()
    {
        var isOnDisk = MountedDisk.Under(Path.GetTempPath()) is not { IsMemory: true };
        if (!isOnDisk)
        {
            Console.Error.WriteLine(
                "The temporary directory is in memory, where a sync costs nothing: set TMPDIR to a directory on a disk.");
        }

        return isOnDisk;
    }

    public void AddTo(Command command, bool keepsRecord = true)
    {
        command.Add(rounds);
        command.Add(seconds);
        if (keepsRecord)
        {
            command.Add(peers);
            command.Add(output);
        }

        command.Add(quiet);
    }

    public DirectoryInfo? Output(ParseResult parsed) => parsed.GetValue(output);

    public WorkloadRun Read(ParseResult parsed, string name, CancellationToken stop)
    {
        var named = (parsed.GetValue(peers) ?? []).SelectMany(names => names.Split(',')).ToList();
        var (givenRounds, givenSeconds) = (parsed.GetValue(rounds), parsed.GetValue(seconds));

        // Records are published, without the path of --output.
        var command = name
            + (givenRounds is null ? "" : string.Create(CultureInfo.InvariantCulture, $" --rounds {givenRounds}"))
            + (givenSeconds is null ? "" : string.Create(CultureInfo.InvariantCulture, $" --seconds {givenSeconds}"))
            + (named.Count == 0 ? "" : $" --peers {string.Join(' ', named)}");
        return new WorkloadRun
        {
            Command = command,
            Rounds = givenRounds,
            RoundLength = givenSeconds is { } length ? TimeSpan.FromSeconds(length) : null,
            Peers = named.Count == 0 ? null : named,
            Progress = Progress.OnStandardError(parsed.GetValue(quiet)),
            Stop = stop,
        };
    }
}
