using System.Text.Json.Serialization;
using Chat.Bench.Loads;

namespace Chat.Bench.Reporting;

/// <summary>The latest run of one workload, with every round of every peer; one JSON file.</summary>
internal sealed record WorkloadRecord
{
    public required string Id { get; init; }

    public required string Title { get; init; }

    public required string Description { get; init; }

    /// <summary>That made it, as typed after the project.</summary>
    public required string Command { get; init; }

    public required DateTimeOffset At { get; init; }

    public required Machine Machine { get; init; }

    /// <summary>The figure that says most, with the peers' ratios taken of it; by its name in the rounds.</summary>
    public string? Headline { get; init; }

    /// <summary>In the order of the table; ours first.</summary>
    public IReadOnlyList<PeerRounds> Peers { get; init; } = [];

    public IReadOnlyList<Target> Targets { get; init; } = [];

    public IReadOnlyList<Picture> Pictures { get; init; } = [];

    /// <summary>What a reader must know; one sentence or two each, as Markdown.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>A peer's rounds under the first setting that has the headline's figure; null where it has none.</summary>
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
    /// <summary>What this project's service is called as a peer.</summary>
    public const string Ours = "grpcchat";

    /// <summary>Where a workload has several: "100 receivers". A table for each.</summary>
    public string? Setting { get; init; }

    /// <summary>True where it is not there, or broke in every round: what is left says nothing of it.</summary>
    [JsonIgnore]
    public bool NeverCameThrough => Rounds.All(round => round.Figures.Count == 0);
}

/// <summary>What was wanted and what was seen.</summary>
/// <param name="Text">"≥ 12 × tutorial-wal deliveries/s".</param>
/// <param name="Seen">"13.1 × (11.9–14.2)".</param>
/// <param name="Met">Whether that is enough.</param>
internal sealed record Target(string Text, string Seen, bool Met);
