using System.Diagnostics;
using GrpcChat.Bench.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// The server's cost of a send with its deliveries, for a number of receivers. Sends come in bursts: one request, so
/// one commit, and one frame to each receiver. Otherwise a server with few receivers and many sends would look cheap,
/// because it puts more messages into a frame. A round has stretches without bursts, with some, and with twice as many,
/// which separate the cost of sends from the cost of time.
/// </summary>
internal sealed class ReceiverCostLoad(int receivers, int burst, double burstsPerSecond, TimeSpan part) : ILoad
{
    public const string PerSend = "server CPU per send with its deliveries (µs)";
    public const string AtRest = "server CPU at rest (cores)";
    public const string AllocatedPerSend = "server allocations per send with its deliveries (bytes)";
    public const string Collections = "collections of generation 0";

    private const int MostUnackedBursts = 64;
    private const int TypesNamed = 6;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(1);

    /// <summary>The types that the server allocated most in the last round.</summary>
    public string Allocated { get; private set; } = "nothing was counted";

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        await using var server = (GrpcPeerServer)await peer.StartAsync(new PeerSetup());
        await using var crowd = new Crowd();
        await crowd.AddReceiversAsync(server, receivers, inOrder: true);
        var sender = crowd.AddSender(
            await server.ConnectAsync(new ClientSetup("sender")),
            burst * MostUnackedBursts,
            latencies: null);
        await SendAsync(crowd, sender, burstsPerSecond, stop); // Warms up the code.
        return await LoadAsync(server, crowd, sender, stop);
    });

    private async Task<RoundResult> LoadAsync(GrpcPeerServer server, Crowd crowd, Sender sender, CancellationToken stop)
    {
        var fit = new LeastSquares();
        var generatorCpu = 0.0;
        var deliveries = 0.0;
        foreach (var rate in (double[])[burstsPerSecond / 2, 0, burstsPerSecond])
        {
            using var measured = Measurement.Begin(server.Usage, SampleInterval);
            var sends = await SendAsync(crowd, sender, rate, stop);
            await measured.EndAsync();
            fit.Add(measured.Took.TotalSeconds, sends, measured.ServerCpu * measured.Took.TotalSeconds);
            (generatorCpu, deliveries) = (measured.GeneratorCpu, measured.PerSecond(sends * receivers));
        }

        var (atRest, perSend) = fit.Solve();
        var allocated = await CountAsync(server, crowd, sender, stop);
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [PerSend] = perSend * TimeSpan.FromSeconds(1).TotalMicroseconds,
                [AtRest] = atRest,
                [AllocatedPerSend] = allocated.PerSend,
                [Collections] = allocated.Collections,
                [Figures.DeliveriesPerSecond] = deliveries,
                [Figures.GeneratorCpu] = generatorCpu,
            },
            Failure = await crowd.ArriveAsync(crowd.Acked, Deadline, stop),
        };
    }

    // Separately, because counting costs the server a little.
    private async Task<(double PerSend, double Collections)> CountAsync(
        GrpcPeerServer server, Crowd crowd, Sender sender, CancellationToken stop)
    {
        var counter = await AllocationCounter.StartAsync(server.ProcessId);
        long began, ended, sends;
        await using (counter)
        {
            began = Stopwatch.GetTimestamp();
            sends = await SendAsync(crowd, sender, burstsPerSecond, stop);
            ended = Stopwatch.GetTimestamp();
        }

        var allocated = counter.Between(began, ended);
        Allocated = allocated.Largest(TypesNamed);
        return ((double)allocated.Total / sends, allocated.Collections[0]);
    }

    /// <summary>
    /// Sends for the length of one stretch; returns the number of sends when every receiver has them.
    /// </summary>
    private async Task<long> SendAsync(Crowd crowd, Sender sender, double rate, CancellationToken stop)
    {
        if (rate == 0)
        {
            await crowd.PassAsync(part, stop);
            return 0;
        }

        var before = crowd.Acked;
        var sends = 0L;
        var began = Stopwatch.GetTimestamp();
        var bursts = Math.Max(1, (int)Math.Round(part.TotalSeconds * rate));
        for (var n = 0; n < bursts; n++)
        {
            var due = TimeSpan.FromSeconds(n / rate) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await crowd.PassAsync(due, stop);
            }

            while (before + sends - crowd.Acked > burst * (MostUnackedBursts - 1))
            {
                await crowd.PassAsync(TimeSpan.FromMilliseconds(1), stop);
            }

            await sender.SendAsync(burst, Stopwatch.GetTimestamp());
            sends += burst;
        }

        await WaitAsync(crowd, before + sends, stop);
        return sends;
    }

    private static async Task WaitAsync(Crowd crowd, long acked, CancellationToken stop)
    {
        var limit = Stopwatch.StartNew();
        while (crowd.Acked < acked)
        {
            await crowd.PassAsync(TimeSpan.FromMilliseconds(1), stop);
            if (limit.Elapsed > Deadline)
            {
                throw new InvalidDataException($"{acked} messages were sent, but only {crowd.Acked} are acked.");
            }
        }

        if (await crowd.ArriveAsync(acked, Deadline, stop) is { } failure)
        {
            throw new InvalidDataException(failure);
        }
    }
}
