using System.Text.Json.Serialization;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Reporting;

/// <summary>The latest run of one workload, with every round of every peer; stored as one JSON file.</summary>
internal sealed record WorkloadRecord
{
    public required string Id { get; init; }

    public required string Title { get; init; }

    public required string Description { get; init; }

    /// <summary>The command line of the run, as typed after the program.</summary>
    public required string Command { get; init; }

    public required DateTimeOffset At { get; init; }

    public required Machine Machine { get; init; }

    /// <summary>The name of the most important figure, by which peers are compared.</summary>
    public string? Headline { get; init; }

    /// <summary>In the order of the tables: ours first.</summary>
    public IReadOnlyList<PeerRounds> Peers { get; init; } = [];

    public IReadOnlyList<Target> Targets { get; init; } = [];

    public IReadOnlyList<Picture> Pictures { get; init; } = [];

    /// <summary>What a reader must know to understand the figures; Markdown, one list item each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>A peer's rounds under the first setting with the headline figure; null = it has none.</summary>
    public PeerRounds? Headlined(string peer)
    {
        var first = Peers.FirstOrDefault(HasHeadline);
        return Peers.FirstOrDefault(rows => rows.Peer == peer && rows.Setting == first?.Setting && HasHeadline(rows));
    }

    private bool HasHeadline(PeerRounds rows) => Headline is not null && rows.Rounds.Any(round => round.Figures.ContainsKey(Headline));
}

/// <summary>The rounds of one peer under one setting of a workload.</summary>
internal sealed record PeerRounds(string Peer, IReadOnlyList<RoundResult> Rounds)
{
    /// <summary>This project's service.</summary>
    public const string Ours = GrpcChatPeer.OurName;

    /// <summary>If a workload has several: "100 receivers". Each has its own table.</summary>
    public string? Setting { get; init; }

    /// <summary>Whether the peer is not installed or broke in every round, so that nothing was measured.</summary>
    [JsonIgnore]
    public bool HasNoResult => Rounds.All(round => round.Figures.Count == 0);

    [JsonIgnore]
    public IEnumerable<string> Failures => Rounds.Select(round => round.Failure).OfType<string>();
}

/// <summary>A target and the result.</summary>
/// <param name="Text">"≥ 12 × tutorial-wal deliveries/s".</param>
/// <param name="Seen">"13.1 × (11.9–14.2)".</param>
/// <param name="Met">Whether the target was met.</param>
internal sealed record Target(string Text, string Seen, bool Met);
