using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;
using GrpcChat.Bench.Reporting;

namespace GrpcChat.Bench.Workloads;

/// <summary>W9: how costs grow with the number of receivers, rooms and stored messages.</summary>
internal sealed class W9Growth : IWorkload
{
    private const int DefaultRounds = 3;
    private const double Most = 1.3;
    private const int Senders = 8;
    private const int InFlight = 64;
    private const int FilledForRooms = 10_000;
    private static readonly TimeSpan ARound = TimeSpan.FromMinutes(4.5);
    private static readonly TimeSpan Filling = TimeSpan.FromMinutes(1.5);

    public string Id => "w9";

    public string Title => "Growth";

    public string Description =>
        "Server CPU per delivery with 1 to 1,000 receivers, server CPU per send over 1 to 10,000 rooms, and ack "
            + "latency with one message in flight and 10,000 or 10,000,000 messages stored.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        RoundPlan.Announce(run, this, (run.Rounds ?? DefaultRounds) * ARound + (run.Smoke ? TimeSpan.Zero : Filling));
        var (receivers, allocated) = await ReceiversAsync(run);
        var rooms = await RoomsAsync(run);
        var stored = await StoredAsync(run);
        return run.RecordOf(this) with
        {
            Headline = Figures.AckP50,
            Peers = [.. receivers, .. rooms, .. stored],
            Targets = run.Smoke ? [] :
            [
                .. Target("CPU per delivery", ReceiverGrowth.PerDelivery, [.. receivers.Where(HasMany)]),
                .. Target("CPU per send", Figures.ServerCpuPerSend, [.. rooms.Where(rows => rows.Peer == PeerRounds.Ours)]),
                .. Target("ack p50", Figures.AckP50, stored),
                .. Judgement.Arrived([.. receivers, .. rooms, .. stored]),
            ],
            Pictures =
            [
                new Picture(PictureKind.Lines, ReceiverGrowth.PerDelivery, "Server CPU per delivery (µs)")
                {
                    Settings = [.. receivers.Select(rows => rows.Setting!)],
                },
                new Picture(PictureKind.Lines, Figures.ServerCpuPerSend, "Server CPU per send (µs)")
                {
                    Settings = [.. rooms.Select(rows => rows.Setting!).Distinct()],
                },
                new Picture(PictureKind.Bars, Figures.AckP50, "Ack p50 with one message in flight (ms)")
                {
                    Settings = [.. stored.Select(rows => rows.Setting!)],
                },
            ],
            Notes =
            [
                $"Receivers: sends come in bursts of {ReceiverGrowth.Burst}, each one commit and therefore one frame "
                    + $"to each receiver, up to {ReceiverGrowth.MostBurstsPerSecond} times a second and at most "
                    + $"{ReceiverGrowth.DeliveriesPerSecond:N0} deliveries/s. Every frame has the same number of "
                    + "messages, so only the number of receivers differs. CPU = rest·time + k·sends is fitted over "
                    + "stretches at none, half and all of that rate; a is k without receivers, and b = (k − a) ÷ "
                    + "receivers. Allocations are counted in another stretch, and attributed in the same way.",
                $"What the server allocates with the most receivers, as sampled by the runtime: {allocated}.",
                $"Rooms: {Senders} senders with {InFlight} sends in flight each use the rooms in turn, without "
                    + $"receivers. Every room exists before, and {FilledForRooms:N0} messages are stored. "
                    + "`limit-sqlite` inserts the same rows in batches of half the sends in flight.",
                "Stored: the databases are filled directly; both servers run at the same time and are measured in "
                    + "turns.",
            ],
        };
    }

    private static Task<(IReadOnlyList<PeerRounds> Rows, string Allocated)> ReceiversAsync(WorkloadRun run) => ReceiverGrowth.RunAsync(
        run,
        run.Smoke ? [0, 1, 10] : [0, 1, 10, 100, 1_000],
        run.Smoke ? 1 : run.Rounds ?? DefaultRounds,
        run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(8));

    private static async Task<IReadOnlyList<PeerRounds>> RoomsAsync(WorkloadRun run)
    {
        var warmUp = TimeSpan.FromSeconds(run.Smoke ? 0.5 : 2);
        var length = run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(8);
        IReadOnlyList<int> counts = run.Smoke ? [1, 10, 100] : [1, 100, 10_000];
        return await new Comparison(run).RunAsync(
            counts.SelectMany(TurnsOf), run.Smoke ? 1 : run.Rounds ?? DefaultRounds);

        IEnumerable<Turn> TurnsOf(int rooms)
        {
            var load = new ManyRoomsLoad(rooms, run.Smoke ? 100 : FilledForRooms, Senders, InFlight, warmUp, length);
            var inserts = LimitTurns.Inserts(() => [Senders * InFlight / 2], length, rooms);
            return [.. Turn.Of(load, [new GrpcChatPeer()], RoomsSetting(rooms)), inserts with { Setting = RoomsSetting(rooms) }];
        }
    }

    private static string RoomsSetting(int rooms) => rooms == 1 ? "1 room" : $"{rooms:N0} rooms";

    private static async Task<IReadOnlyList<PeerRounds>> StoredAsync(WorkloadRun run)
    {
        if (!run.Includes(PeerRounds.Ours))
        {
            return [];
        }

        var (few, many) = run.Smoke ? (10_000, 50_000) : (10_000, 10_000_000);
        var warmUp = TimeSpan.FromSeconds(run.Smoke ? 0.5 : 2);
        var length = run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(8);
        run.Progress.Step($"filling a database with {many:N0} messages");
        await using var withMany = await new GrpcChatPeer().StartAsync(new PeerSetup { Stored = many });
        await using var withFew = await new GrpcChatPeer().StartAsync(new PeerSetup { Stored = few });
        var (loadOfFew, loadOfMany) = (new InTurnLoad(withFew, few, warmUp, length), new InTurnLoad(withMany, many, warmUp, length));
        return await new Comparison(run).RunAsync(
            [
                new Turn(PeerRounds.Ours, loadOfFew.RunAsync) { Setting = $"{few:N0} stored" },
                new Turn(PeerRounds.Ours, loadOfMany.RunAsync) { Setting = $"{many:N0} stored" },
            ],
            run.Smoke ? 1 : (run.Rounds ?? DefaultRounds) + 2);
    }

    private static bool HasMany(PeerRounds rows) =>
        rows.Setting != ReceiverGrowth.Setting(0) && rows.Setting != ReceiverGrowth.Setting(1);

    // Last over first, round by round. A fit to noise alone may give a negative cost, which proves nothing.
    private static IEnumerable<Target> Target(string what, string figure, IReadOnlyList<PeerRounds> rows)
    {
        if (rows.Count >= 2
            && Ratios.Of(rows[^1], rows[0], figure) is { } ratio
            && Ratios.Figure(rows[0], figure) is { } first)
        {
            yield return new Target(
                $"{what} rises by no more than 30 % from {rows[0].Setting} to {rows[^1].Setting}",
                $"{Numbers.Times(ratio)}: {Numbers.Text(first)}, then {Numbers.Text(Ratios.Figure(rows[^1], figure))}",
                first.Median > 0 && ratio.Median is > 0 and <= Most);
        }
    }
}
