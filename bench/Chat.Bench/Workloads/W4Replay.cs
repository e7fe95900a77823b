using Chat.Bench.Limits;
using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W4: how fast one client that was away gets everything, and what that costs the server in memory.</summary>
internal sealed class W4Replay : IWorkload
{
    private const double MostGrowth = 32;

    private static readonly TimeSpan WarmUpAndStart = TimeSpan.FromSeconds(7);

    public string Id => "w4";

    public string Title => "Replay";

    public string Description =>
        "One client resumes from 0 over 300,000 messages (1,000,000 by `all`) that were in the database before the server started; "
        + "beside a bare reader over the same table.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var messages = run.Smoke ? 2_000 : run.Full ? 1_000_000 : 300_000;
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 0);
        RoundPlan.Tell(run, this, plan.Rounds * (ComparedPeers.All.Count + 1) * (WarmUpAndStart + TimeSpan.FromSeconds(messages / 60_000.0)));
        var load = new ReplayLoad(messages);
        var rows = await new Comparison(run).RunAsync(
            [.. ComparedPeers.All.Select(peer => new Turn(peer.Name, stop => load.RunAsync(peer, stop))), Scan(messages)], plan.Rounds);
        return run.RecordOf(this) with
        {
            Headline = Figures.MessagesPerSecond,
            Peers = rows,
            Targets = run.Smoke ? [] : [.. Targets(rows)],
            Pictures =
            [
                new(PictureKind.Bars, Figures.MessagesPerSecond, "Messages replayed per second") { LogScale = true },
                new(PictureKind.OverTime, Figures.ServerMemory, "Server memory during the replay"),
            ],
            Notes = ["Replays of the last tenth of the messages, 30,000 at most, warm each server up before, until they become no faster, for 3 to 6 s."],
        };
    }

    private static Turn Scan(int messages) => new(ComparedPeers.LimitScan, stop => Task.Run(() =>
    {
        using var directory = new DataDirectory();
        GrpcChatFill.Run(directory.Path, messages, [ClientSetup.DefaultRoom]);
        return new ScanLimit(Path.Combine(directory.Path, GrpcChatServer.DatabaseName)).Run();
    }, stop));

    private static IEnumerable<Target> Targets(IReadOnlyList<PeerRounds> rows) =>
    [
        .. Judgement.TimesAtLeast("≥ 12 × tutorial-wal", rows.Ratio(Figures.MessagesPerSecond, ComparedPeers.TutorialWal), 12),
        .. Judgement.TimesAtLeast(
            "≥ 0.6 × limit-scan through the data reader",
            rows.Ratio(Figures.MessagesPerSecond, ComparedPeers.LimitScan, Figures.ScannedPerSecond),
            0.6),
        .. Judgement.AtMost("server memory growth ≤ 32 MiB", rows.Figure(Figures.ServerMemoryGrowth), MostGrowth, "MiB"),
        .. Judgement.Arrived(rows),
    ];
}
