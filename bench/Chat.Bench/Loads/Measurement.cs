using System.Diagnostics;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// The CPU time that server and load generator use between two moments, and samples of the server's memory.
/// </summary>
internal sealed class Measurement : IDisposable
{
    public const double Mebibyte = 1024 * 1024;

    private readonly ProcessUsage server;
    private readonly ProcessUsage generator = new(Environment.ProcessId);
    private readonly CancellationTokenSource over = new();
    private readonly Task sampling;
    private readonly long began;
    private readonly TimeSpan serverCpuBefore, generatorCpuBefore;
    private TimeSpan serverCpu, generatorCpu;

    private Measurement(ProcessUsage server, TimeSpan interval)
    {
        this.server = server;
        MemoryBefore = server.Resident / Mebibyte;
        generatorCpuBefore = generator.Cpu;
        serverCpuBefore = server.Cpu;
        began = Stopwatch.GetTimestamp();
        sampling = SampleAsync(interval);
    }

    /// <summary>The server's resident memory over time, in MiB.</summary>
    public List<Point> Memory { get; } = [];

    public double MemoryBefore { get; }

    public TimeSpan Took { get; private set; }

    public static Measurement Begin(ProcessUsage server, TimeSpan interval) => new(server, interval);

    /// <summary>Ends it now, or in retrospect at an earlier stopwatch timestamp.</summary>
    public async Task EndAsync(long? at = null)
    {
        Took = Stopwatch.GetElapsedTime(began, at ?? Stopwatch.GetTimestamp());
        serverCpu = server.Cpu - serverCpuBefore;
        generatorCpu = generator.Cpu - generatorCpuBefore;
        await over.CancelAsync();
        await sampling;
    }

    public void Dispose()
    {
        over.Cancel();
        over.Dispose();
    }

    /// <summary>A count per second of the measurement.</summary>
    public double PerSecond(long count) => count / Took.TotalSeconds;

    /// <summary>The server's CPU time per item in µs; NaN if the count is 0.</summary>
    public double CpuPer(long count) => count == 0 ? double.NaN : serverCpu.TotalMicroseconds / count;

    public double ServerCpu => serverCpu / Took;

    public double GeneratorCpu => generatorCpu / Took;

    private async Task SampleAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            do
            {
                Memory.Add(new Point(Stopwatch.GetElapsedTime(began).TotalSeconds, server.Resident / Mebibyte));
            }
            while (await timer.WaitForNextTickAsync(over.Token));
        }
        catch (OperationCanceledException)
        {
        }
    }
}
