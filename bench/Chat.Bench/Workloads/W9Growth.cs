using Chat.Bench.Limits;
using Chat.Bench.Loads;
using Chat.Bench.Peers;
using Chat.Bench.Reporting;

namespace Chat.Bench.Workloads;

/// <summary>W9: what grows with receivers, with rooms, and with what is stored.</summary>
internal sealed class W9Growth : IWorkload
{
    private const int UsualRounds = 3;
    private const double Most = 1.3;
    private const int Senders = 8;
    private const int InFlight = 64;
    private const int FilledForRooms = 10_000;
    private static readonly TimeSpan ARound = TimeSpan.FromMinutes(4.5);
    private static readonly TimeSpan Filling = TimeSpan.FromMinutes(1.5);

    public string Id => "w9";

    public string Title => "Growth";

    public string Description =>
        "The server's CPU per delivery with 1 to 1,000 receivers, per send over 1 to 10,000 rooms, and the ack latency of one sender in "
            + "turn with 10,000 and with 10,000,000 messages stored.";

    public async Task<WorkloadRecord> RunAsync(WorkloadRun run)
    {
        RoundPlan.Tell(run, this, (run.Rounds ?? UsualRounds) * ARound + (run.Smoke ? TimeSpan.Zero : Filling));
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
                new Picture(PictureKind.Bars, Figures.AckP50, "Ack p50 of one sender in turn (ms)")
                {
                    Settings = [.. stored.Select(rows => rows.Setting!)],
                },
            ],
            Notes =
            [
                $"Receivers: {ReceiverGrowth.Burst} sends come at once, in one commit, and so in one frame to each receiver, up to "
                    + $"{ReceiverGrowth.MostBurstsPerSecond} times a second, as often as makes {ReceiverGrowth.DeliveriesPerSecond:N0} deliveries/s at "
                    + "most: with as many messages in a frame everywhere, only the number of receivers differs. CPU = rest·time + k·sends is fitted "
                    + "over parts at none, half and all of that rate; a is k without receivers, and b = (k − a) ÷ receivers. "
                    + "Allocations are counted in a further part, and told apart in the same way.",
                $"What the server allocates with most receivers, by the runtime's own sampling: {allocated}.",
                $"Rooms: {Senders} senders with {InFlight} sends in flight each go through the rooms in turn; no receivers; every room exists before, "
                    + $"and {FilledForRooms:N0} messages are stored. `limit-sqlite` inserts the same rows in batches of half of what is in flight.",
                "Stored: the databases are filled directly; both servers run at the same time and are measured in turns.",
            ],
        };
    }

    private static Task<(IReadOnlyList<PeerRounds> Rows, string Allocated)> ReceiversAsync(WorkloadRun run) => ReceiverGrowth.RunAsync(
        run,
        run.Smoke ? [0, 1, 10] : [0, 1, 10, 100, 1_000],
        run.Smoke ? 1 : run.Rounds ?? UsualRounds,
        run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(8));

    private static async Task<IReadOnlyList<PeerRounds>> RoomsAsync(WorkloadRun run)
    {
        var warmUp = TimeSpan.FromSeconds(run.Smoke ? 0.5 : 2);
        var length = run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(8);
        IReadOnlyList<int> counts = run.Smoke ? [1, 10, 100] : [1, 100, 10_000];
        return await Settings.InTurnsAsync(
            run,
            counts.SelectMany(rooms => new[]
            {
                (RoomsSetting(rooms), new Turn(PeerRounds.Ours, stop => OursOverRoomsAsync(rooms, stop))),
                (RoomsSetting(rooms), new Turn(ComparedPeers.LimitSqlite, stop => Task.Run(() => BareOverRooms(rooms, stop), stop))),
            }),
            run.Smoke ? 1 : run.Rounds ?? UsualRounds);

        Task<RoundResult> OursOverRoomsAsync(int rooms, CancellationToken stop) =>
            new ManyRoomsLoad(rooms, run.Smoke ? 100 : FilledForRooms, Senders, InFlight, warmUp, length)
                .RunAsync(new GrpcChatPeer(), stop);

        RoundResult BareOverRooms(int rooms, CancellationToken stop)
        {
            using var directory = new DataDirectory();
            return new SqliteInsertLimit(directory.Path, [Senders * InFlight / 2], length, rooms).Run(stop);
        }
    }

    private static string RoomsSetting(int rooms) => rooms == 1 ? "1 room" : $"{rooms:N0} rooms";

    private static async Task<IReadOnlyList<PeerRounds>> StoredAsync(WorkloadRun run)
    {
        if (!run.Wants(PeerRounds.Ours))
        {
            return [];
        }

        var (few, many) = run.Smoke ? (10_000, 50_000) : (10_000, 10_000_000);
        var warmUp = TimeSpan.FromSeconds(run.Smoke ? 0.5 : 2);
        var length = run.Smoke ? TimeSpan.FromSeconds(1) : run.RoundLength ?? TimeSpan.FromSeconds(8);
        run.Progress.Step($"fills a database with {many:N0} messages");
        await using var withMany = await new GrpcChatPeer().StartAsync(new PeerSetup { Stored = many });
        await using var withFew = await new GrpcChatPeer().StartAsync(new PeerSetup { Stored = few });
        var (loadOfFew, loadOfMany) = (new InTurnLoad(withFew, few, warmUp, length), new InTurnLoad(withMany, many, warmUp, length));
        return await Settings.InTurnsAsync(
            run,
            [
                ($"{few:N0} stored", new Turn(PeerRounds.Ours, loadOfFew.RunAsync)),
                ($"{many:N0} stored", new Turn(PeerRounds.Ours, loadOfMany.RunAsync)),
            ],
            run.Smoke ? 1 : (run.Rounds ?? UsualRounds) + 2);
    }

    private static bool HasMany(PeerRounds rows) => rows.Setting != ReceiverGrowth.Setting(0) && rows.Setting != ReceiverGrowth.Setting(1);

    // The last over the first, round by round. What was taken apart of noise alone may come out below zero, and proves nothing.
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
