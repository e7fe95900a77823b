using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Tests;

/// <summary>Rounds and a record with invented numbers.</summary>
internal static class Sample
{
    public const string Sends = "acked sends/s";
    public const string Memory = "server memory (MiB)";

    public static PeerRounds Rounds(string peer, params double[] sends) =>
        new(peer, [.. sends.Select(value => Round((Sends, value)))]);

    public static RoundResult Round(params (string Name, double Value)[] figures) => new()
    {
        Figures = figures.ToDictionary(figure => figure.Name, figure => figure.Value),
        Series = new Dictionary<string, IReadOnlyList<Point>> { [Memory] = [new(0, 90.5), new(0.25, 0), new(12, 1900)] },
    };

    public static WorkloadRecord Record(params PeerRounds[] peers) => new()
    {
        Id = "w1",
        Title = "Durable ingest",
        Description = "8 senders send.",
        Command = "w1",
        At = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Machine = new Machine
        {
            Processor = "A processor",
            Cores = 2,
            Memory = "8 GiB",
            Kernel = "Linux 6.1",
            Disk = "ext4 (vda)",
            DotNet = "10.0.0",
            Collector = "workstation, concurrent",
        },
        Headline = Sends,
        Peers = peers,
    };

    public static string Page(WorkloadRecord record) => BenchmarksPage.Render([record], _ => null, _ => []);
}
