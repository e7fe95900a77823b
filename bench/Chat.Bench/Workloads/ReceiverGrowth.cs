using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>
/// How the cost of a delivery depends on the number of receivers: server CPU = rest·time + a·sends + b·deliveries.
/// </summary>
internal static class ReceiverGrowth
{
    public const string PerDelivery = "b: server CPU per delivery (µs)";
    public const string AllocatedPerDelivery = "server allocations per delivery (bytes)";

    /// <summary>Sends per commit, and therefore per frame.</summary>
    public const int Burst = 20;

    /// <summary>
    /// A sync takes a millisecond or two; bursts that had to wait for each other would share a commit.
    /// </summary>
    public const double MostBurstsPerSecond = 200;

    public const int DeliveriesPerSecond = 40_000;

    public static string Setting(int receivers) => receivers switch
    {
        0 => "no receiver",
        1 => "1 receiver",
        _ => $"{receivers:N0} receivers",
    };

    /// <param name="run">From the command line.</param>
    /// <param name="counts">Numbers of receivers; the first must be 0, which gives a.</param>
    /// <param name="rounds">Rounds of each.</param>
    /// <param name="part">The length of each of the four stretches of a round.</param>
    /// <returns>A row for each count, and the types that the server allocates most with the most receivers.</returns>
    public static async Task<(IReadOnlyList<PeerRounds> Rows, string Allocated)> RunAsync(
        WorkloadRun run, IReadOnlyList<int> counts, int rounds, TimeSpan part)
    {
        var loads = counts.Select(receivers =>
        {
            var rate = Math.Min(MostBurstsPerSecond, (double)DeliveriesPerSecond / Burst / Math.Max(1, receivers));
            return new ReceiverCostLoad(receivers, Burst, rate, part);
        }).ToList();
        var turns = loads.Zip(counts, (load, receivers) =>
            Turn.Of(load, [new GrpcChatPeer()], Setting(receivers)).Single());
        var rows = await new Comparison(run).RunAsync(turns, rounds);
        if (rows.Count == 0)
        {
            return (rows, "nothing was measured");
        }

        return ([.. rows.Zip(counts, (row, receivers) => row with
        {
            Rounds = [.. row.Rounds.Zip(rows[0].Rounds, (round, bare) => WithB(round, bare, receivers))],
        })], loads[^1].Allocated);
    }

    // Subtracts the cost of the same send without receivers in the same round.
    private static RoundResult WithB(RoundResult round, RoundResult bare, int receivers)
    {
        if (receivers == 0 || round.Figures.Count == 0 || bare.Figures.Count == 0)
        {
            return round;
        }

        double PerReceiver(string figure) => (round.Figures[figure] - bare.Figures[figure]) / receivers;
        return round with
        {
            Figures = new Dictionary<string, double>(round.Figures)
            {
                [PerDelivery] = PerReceiver(ReceiverCostLoad.PerSend),
                [AllocatedPerDelivery] = PerReceiver(ReceiverCostLoad.AllocatedPerSend),
            },
        };
    }
}
