using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// Tells senders, in turn, when their sends are due, at a fixed rate. A due send does not wait for earlier ones: if the
/// server stalls, the measurement includes everything that was due meanwhile.
/// </summary>
/// <param name="perSecond">Sends per second over all senders.</param>
/// <param name="senders">The number of senders.</param>
internal sealed class Pacer(double perSecond, int senders)
{
    private readonly List<Channel<long>> due = [.. Enumerable.Range(0, senders).Select(_ => Channel.CreateUnbounded<long>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }))];

    /// <summary>The stopwatch timestamps at which one sender's sends are due.</summary>
    public ChannelReader<long> Due(int sender) => due[sender].Reader;

    /// <summary>Runs on its own thread until <paramref name="stop"/> is cancelled.</summary>
    public Task RunAsync(CancellationToken stop) => Task.Factory.StartNew(
        () => Run(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        var number = 0L;
        while (!stop.IsCancellationRequested)
        {
            var at = began + (long)(number / perSecond * Stopwatch.Frequency);
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), at);
            if (wait > TimeSpan.Zero)
            {
                Sleep(wait);
                continue;
            }

            due[(int)(number++ % due.Count)].Writer.TryWrite(at);
        }

        due.ForEach(channel => channel.Writer.Complete());
    }

    // Timers of the runtime are up to 2 ms late, and every latency would include that. It sleeps for a short time only,
    // to notice a stop.
    private static void Sleep(TimeSpan time)
    {
        var most = TimeSpan.FromMilliseconds(50);
        time = time < most ? time : most;
        if (OperatingSystem.IsLinux())
        {
            var left = new Timespec { Nanoseconds = (nint)(time.Ticks * TimeSpan.NanosecondsPerTick) };
            _ = NanoSleep(in left, IntPtr.Zero);
        }
        else
        {
            Thread.Sleep(Math.Max(1, (int)time.TotalMilliseconds));
        }
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NanoSleep(in Timespec time, IntPtr remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
