using GrpcChat.Bench.Limits;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;
using GrpcChat.LocalPostgres;

namespace GrpcChat.Bench.Workloads;

/// <summary>W10: two nodes on one PostgreSQL server, which has the same machine.</summary>
internal sealed class W10Nodes : IWorkload
{
    private const int Nodes = 2;
    private const int Rooms = 200;
    private const int PerSecond = 500;
    private const string LimitName = "limit-postgres";
    private const string OneRoom = "one room, 8 × 256 in flight";
    private const string InTurn = "one message in flight";
    private const string Paced = "500 messages/s from one node to the other";
    private static readonly string ManyRooms = $"{Rooms} rooms";

    // Two runtimes share the processors with the database: it takes them longer until their hot code is compiled.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(8);

    // As many as the nodes use for appends.
    private const int Connections = 24;

    public string Id => "w10";

    public string Title => "Several nodes";

    public string Description =>
        "Two nodes on one PostgreSQL server: 32 senders over 200 rooms, each room used through both nodes; 8 senders in one room; "
            + "one sender that waits for each ack; and 500 messages per second to 8 receivers on the other node. In turns with bare "
            + "loops that insert the same rows in batches of the sizes that the service made.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        var plan = RoundPlan.Of(run, rounds: 5, seconds: 4).WithWarmUp(run, WarmUp);
        RoundPlan.Announce(run, this, plan.Expected(turns: 10));
        using var cluster = PostgresCluster.Create(isOnDisk: true);
        var comparison = new Comparison(run);
        var many = await comparison.RunAsync(OverManyRooms(cluster, plan), plan.Rounds);
        var one = await comparison.RunAsync(InOneRoom(cluster, plan), plan.Rounds);
        var single = await comparison.RunAsync(OneInFlight(cluster, plan), plan.Rounds);
        var paced = await comparison.RunAsync(FromNodeToNode(cluster, plan), plan.Rounds);
        return run.RecordOf(this) with
        {
            Headline = Figures.AckedPerSecond,
            Peers = [.. many, .. one, .. single, .. paced],
            Targets = run.Smoke ? [] : [.. Targets(many, one, single, paced)],
            Notes =
            [
                $"Each round begins with {WarmUp.TotalSeconds} s that do not count: nodes that have just started still compile their code.",
                "PostgreSQL runs with its defaults, which sync every commit, on the same machine. The CPU of `grpcchat` is that of "
                    + "its nodes, without PostgreSQL.",
                $"`{LimitName}` inserts the rows that the service stores, a message and a client offset for each send, with "
                    + $"{Connections} connections over many rooms and with one in one room. It looks nothing up, locks nothing and "
                    + "answers nobody.",
                "`tutorial-cluster` is the tutorial's last step: two workers with its cluster adapter on one SQLite database, with a "
                    + "write-ahead log.",
            ],
        };
    }

    private static IEnumerable<Turn> OverManyRooms(PostgresCluster cluster, RoundPlan plan)
    {
        IReadOnlyList<int> batches = [50];
        var load = new ManyRoomsLoad(Rooms, stored: 0, senders: 32, inFlight: 256, plan.WarmUp, plan.Length)
        {
            SendersPerRoom = Nodes,
            AfterStop = server => batches = ((ServiceNodes)server).BatchSizes(),
        };
        return
        [
            .. Turn.Of(load, [new ServiceNodesPeer(cluster, Nodes, Placement.InTurn)], ManyRooms),
            Inserts(cluster, () => batches, Connections, Rooms, plan, ManyRooms),
        ];
    }

    private static IEnumerable<Turn> InOneRoom(PostgresCluster cluster, RoundPlan plan)
    {
        IReadOnlyList<int> batches = [50];
        var ours = new IngestLoad(senders: 8, inFlight: 256, receivers: 2, plan.WarmUp, plan.Length)
        {
            AfterStop = server => batches = ((ServiceNodes)server).BatchSizes(),
        };
        var theirs = new IngestLoad(senders: 8, inFlight: 256, receivers: 2, plan.WarmUp, plan.Length);
        return
        [
            .. Turn.Of(ours, [new ServiceNodesPeer(cluster, Nodes, Placement.InTurn)], OneRoom),
            .. Turn.Of(theirs, [TutorialPeer.Cluster(Placement.InTurn)], OneRoom),
            Inserts(cluster, () => batches, connections: 1, rooms: 1, plan, OneRoom),
        ];
    }

    private static IEnumerable<Turn> OneInFlight(PostgresCluster cluster, RoundPlan plan) =>
    [
        .. Turn.Of(
            new IngestLoad(senders: 1, inFlight: 1, receivers: 1, plan.WarmUp, plan.Length),
            [new ServiceNodesPeer(cluster, Nodes, Placement.Apart), TutorialPeer.Cluster(Placement.Apart)],
            InTurn),
        Inserts(cluster, () => [1], connections: 1, rooms: 1, plan, InTurn),
    ];

    private static IEnumerable<Turn> FromNodeToNode(PostgresCluster cluster, RoundPlan plan) => Turn.Of(
        new PacedLoad(PerSecond, receivers: 8, plan.WarmUp, plan.Length),
        [new ServiceNodesPeer(cluster, Nodes, Placement.Apart), TutorialPeer.Cluster(Placement.Apart)],
        Paced);

    private static Turn Inserts(
        PostgresCluster cluster, Func<IReadOnlyList<int>> batches, int connections, int rooms, RoundPlan plan, string setting) =>
        new(LimitName, stop => new PostgresInsertLimit(cluster.CreateDatabase(), batches(), connections, rooms, plan.Length).RunAsync(stop))
        {
            Setting = setting,
        };

    private static IEnumerable<Target> Targets(
        IReadOnlyList<PeerRounds> many, IReadOnlyList<PeerRounds> one, IReadOnlyList<PeerRounds> single, IReadOnlyList<PeerRounds> paced) =>
    [
        .. Judgement.TimesAtLeast(
            $"≥ 0.5 × {LimitName} at the same batch sizes over {Rooms} rooms",
            many.Ratio(Figures.AckedPerSecond, LimitName, Figures.RowsPerSecond),
            0.5),
        .. Judgement.AtLeast($"≥ 10,000 acked sends/s over {Rooms} rooms", many.Figure(Figures.AckedPerSecond), 10_000, "/s"),
        .. Judgement.AtLeast("≥ 8,000 acked sends/s in one room", one.Figure(Figures.AckedPerSecond), 8_000, "/s"),
        .. Judgement.AtMost($"ack p50 ≤ {LimitName}'s insert p50 + 1.5 ms", AboveInsert(single), 1.5, "ms above"),
        .. Judgement.AtMost("p99 ≤ 50 ms from one node to the other at 500 messages/s", paced.Figure(Figures.DeliveryP99), 50, "ms"),
        .. Judgement.Arrived([.. many, .. one, .. single, .. paced]),
    ];

    private static Spread? AboveInsert(IReadOnlyList<PeerRounds> rows) =>
        rows.Difference(Figures.AckP50, LimitName, PostgresInsertLimit.InsertP50);
}
