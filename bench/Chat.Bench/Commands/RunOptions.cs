using System.CommandLine;
using System.Globalization;
using Chat.Bench.Reporting;
using Chat.Bench.Workloads;

namespace Chat.Bench.Commands;

/// <summary>The options of every command that measures.</summary>
internal sealed class RunOptions
{
    private readonly Option<int?> rounds = new("--rounds")
    {
        Description = "Rounds of each peer [default: as the workload wants, mostly 5]",
        HelpName = "n",
    };

    private readonly Option<double?> seconds = new("--seconds")
    {
        Description = "How long a round is measured [default: as the workload wants, at most 10]",
        HelpName = "s",
    };

    private readonly Option<string[]> peers = new("--peers")
    {
        Description = "Only these, for instance grpcchat tutorial-wal; the record is kept only where --output says so",
        HelpName = "names",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<DirectoryInfo?> output = OutputOption();

    private readonly Option<bool> quiet = new("--quiet") { Description = "No progress on standard error" };

    public RunOptions()
    {
        rounds.Validators.Add(given =>
        {
            if (given.GetValue(rounds) < 1)
            {
                given.AddError("--rounds must be at least 1.");
            }
        });
        seconds.Validators.Add(given =>
        {
            if (given.GetValue(seconds) is not (> 0 and <= 3600))
            {
                given.AddError("--seconds must be greater than 0 and at most 3600.");
            }
        });
    }

    public static Option<DirectoryInfo?> OutputOption() => new("--output")
    {
        Description = "Where benchmarks.md and benchmarks/ are [default: docs/ of the checkout around the current directory]",
        HelpName = "directory",
    };

    public void AddTo(Command command)
    {
        command.Add(rounds);
        command.Add(seconds);
        command.Add(peers);
        command.Add(output);
        command.Add(quiet);
    }

    public DirectoryInfo? Output(ParseResult parsed) => parsed.GetValue(output);

    public WorkloadRun Read(ParseResult parsed, string name, CancellationToken stop)
    {
        var named = (parsed.GetValue(peers) ?? []).SelectMany(names => names.Split(',')).ToList();
        var (wantedRounds, wantedSeconds) = (parsed.GetValue(rounds), parsed.GetValue(seconds));

        // Where the record goes is nobody's business.
        var command = name
            + (wantedRounds is null ? "" : string.Create(CultureInfo.InvariantCulture, $" --rounds {wantedRounds}"))
            + (wantedSeconds is null ? "" : string.Create(CultureInfo.InvariantCulture, $" --seconds {wantedSeconds}"))
            + (named.Count == 0 ? "" : $" --peers {string.Join(' ', named)}");
        return new WorkloadRun
        {
            Command = command,
            Rounds = wantedRounds,
            RoundLength = wantedSeconds is { } length ? TimeSpan.FromSeconds(length) : null,
            Peers = named.Count == 0 ? null : named,
            Progress = Progress.OnStandardError(parsed.GetValue(quiet)),
            Stop = stop,
        };
    }
}
