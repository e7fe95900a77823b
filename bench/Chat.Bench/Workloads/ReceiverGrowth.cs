using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>How the cost of a delivery depends on the number of receivers: server CPU = rest·time + a·sends + b·deliveries.</summary>
internal static class ReceiverGrowth
{
    public const string PerDelivery = "b: server CPU per delivery (µs)";
    public const string AllocatedPerDelivery = "server allocates per delivery (bytes)";

    /// <summary>Sends in a commit, and so in a frame.</summary>
    public const int Burst = 20;

    /// <summary>A sync of the disk takes a millisecond or two; bursts that have to wait for each other would share a commit.</summary>
    public const double MostBurstsPerSecond = 200;

    public const int DeliveriesPerSecond = 40_000;

    public static string Setting(int receivers) => receivers switch
    {
        0 => "no receiver",
        1 => "1 receiver",
        _ => $"{receivers:N0} receivers",
    };

    /// <param name="run">What is wanted.</param>
    /// <param name="counts">Numbers of receivers; the first is 0, and shows a.</param>
    /// <param name="rounds">Of each.</param>
    /// <param name="part">How long each of the four parts of a round is.</param>
    /// <returns>A row for each count, and which types the server allocates most of with most receivers.</returns>
    public static async Task<(IReadOnlyList<PeerRounds> Rows, string Allocated)> RunAsync(
        WorkloadRun run, IReadOnlyList<int> counts, int rounds, TimeSpan part)
    {
        var loads = counts.Select(receivers =>
        {
            var rate = Math.Min(MostBurstsPerSecond, (double)DeliveriesPerSecond / Burst / Math.Max(1, receivers));
            return new ReceiverCostLoad(receivers, Burst, rate, part);
        }).ToList();
        var turns = loads.Zip(counts, (load, receivers) =>
            (Setting(receivers), new Turn(PeerRounds.Ours, stop => load.RunAsync(new GrpcChatPeer(), stop))));
        var rows = await Settings.InTurnsAsync(run, turns, rounds);
        if (rows.Count == 0)
        {
            return (rows, "nothing was measured");
        }

        return ([.. rows.Zip(counts, (row, receivers) => row with
        {
            Rounds = [.. row.Rounds.Zip(rows[0].Rounds, (round, bare) => WithB(round, bare, receivers))],
        })], loads[^1].Allocated);
    }

    // What the same send costs without receivers, in the same round, is not the deliveries'.
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
