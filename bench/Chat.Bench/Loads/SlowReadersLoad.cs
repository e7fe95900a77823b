using System.Diagnostics;
using System.Globalization;
using GrpcChat.Bench.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// A paced load to receivers on their own connections, some of which stop reading for a while: does that affect the
/// others? Parts of the same length in which everybody reads come before and after.
/// </summary>
internal sealed class SlowReadersLoad(int others, int slow, int perSecond, TimeSpan warmUp, TimeSpan part) : ILoad
{
    public const string CalmLeast = "p99 of the others, calm: minimum (ms)";
    public const string CalmMedian = "p99 of the others, calm: median (ms)";
    public const string CalmMost = "p99 of the others, calm: maximum (ms)";
    public const string WhileStopped = "p99 of the others while some have stopped (ms)";
    public const string P50Calm = "p50 of the others, calm (ms)";
    public const string P50WhileStopped = "p50 of the others while some have stopped (ms)";
    public const string CatchUp = "slow readers caught up after (s)";

    private const int CalmBefore = 2;
    private const int CalmAfter = 1;
    private const int Senders = 4;
    private const int MostUnacked = 256;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(250);

    public Task<RoundResult> RunAsync(IPeer peer, CancellationToken stop) => Attempt.RunAsync(async () =>
    {
        var stallLimit = Max(TimeSpan.FromSeconds(60), 2 * part).ToString("c", CultureInfo.InvariantCulture);
        var setup = new PeerSetup { Environment = new Dictionary<string, string> { ["CHAT_STALLLIMIT"] = stallLimit } };
        await using var server = (GrpcPeerServer)await peer.StartAsync(setup);
        using var stopReading = new CancellationTokenSource();
        await using var readers = await SlowReadersCrowd.JoinAsync(
            server, others, slow, CalmBefore + 1 + CalmAfter, stopReading.Token);
        await readers.Crowd.AddSendersAsync(server, Senders, MostUnacked);
        await using var traffic = Traffic.Start(readers.Crowd, perSecond);
        try
        {
            var result = await LoadAsync(server, readers, stop);
            await traffic.StopAsync(Deadline, stop);
            return result with { Failure = await readers.Crowd.ArriveAsync(readers.Crowd.Acked, Deadline, stop) };
        }
        finally
        {
            await stopReading.CancelAsync();
        }
    });

    private async Task<RoundResult> LoadAsync(GrpcPeerServer server, SlowReadersCrowd readers, CancellationToken stop)
    {
        var crowd = readers.Crowd;
        await crowd.PassAsync(warmUp, stop);
        using var whole = Measurement.Begin(server.Usage, SampleInterval);
        var roundBegan = Stopwatch.GetTimestamp();
        readers.Whole.Begin();
        for (var n = 0; n < CalmBefore; n++)
        {
            await PassAsync(crowd, readers.Parts[n], stop);
        }

        var (began, before) = (Stopwatch.GetElapsedTime(roundBegan).TotalSeconds, server.Usage.Resident);
        ResidentMemory.ResetPeak(server.ProcessId);
        await readers.PauseAsync();
        await PassAsync(crowd, readers.Parts[CalmBefore], stop);
        var ended = Stopwatch.GetElapsedTime(roundBegan).TotalSeconds;
        var catchUp = await readers.ResumeAsync(Deadline, stop);
        var growth = ResidentMemory.Peak(server.ProcessId) - before;
        for (var n = 0; n < CalmAfter; n++)
        {
            await PassAsync(crowd, readers.Parts[CalmBefore + 1 + n], stop);
        }

        await whole.EndAsync();
        var calm = readers.Parts.Where((_, n) => n != CalmBefore).Select(times => times.Percentile(99)).Order().ToList();
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                [WhileStopped] = readers.Parts[CalmBefore].Percentile(99),
                [CalmLeast] = calm[0],
                [CalmMedian] = calm[calm.Count / 2],
                [CalmMost] = calm[^1],
                [P50WhileStopped] = readers.Parts[CalmBefore].Percentile(50),
                [P50Calm] = readers.Parts[0].Percentile(50),
                [Figures.ServerMemoryGrowth] = growth / Measurement.Mebibyte,
                [CatchUp] = catchUp.TotalSeconds,
                ["slow readers stop at (s)"] = began,
                ["slow readers resume at (s)"] = ended,
                [Figures.ServerCpu] = whole.ServerCpu,
                [Figures.GeneratorCpu] = whole.GeneratorCpu,
            },
            Series = new Dictionary<string, IReadOnlyList<Point>>
            {
                [Figures.DeliveryP99] = readers.Whole.P99PerSecond,
                [Figures.ServerMemory] = whole.Memory,
            },
        };
    }

    private async Task PassAsync(Crowd crowd, Latencies times, CancellationToken stop)
    {
        times.Begin();
        await crowd.PassAsync(part, stop);
        times.End();
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
