using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Chat.Bench.Loads;

/// <summary>
/// Says when a send is due, at a fixed rate, to senders in turn. What is due does not wait for what was due before: a
/// server that stands still is measured with all that would have been sent meanwhile.
/// </summary>
/// <param name="perSecond">Sends due in a second, over all senders.</param>
/// <param name="senders">So many take turns.</param>
internal sealed class Pacer(double perSecond, int senders)
{
    private readonly List<Channel<long>> due = [.. Enumerable.Range(0, senders).Select(_ => Channel.CreateUnbounded<long>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }))];

    /// <summary>For one sender: timestamps of the stopwatch.</summary>
    public ChannelReader<long> Due(int sender) => due[sender].Reader;

    /// <summary>Runs until <paramref name="stop"/> fires, on a thread of its own; returns how many were due.</summary>
    public Task<long> RunAsync(CancellationToken stop) => Task.Factory.StartNew(
        () => Run(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private long Run(CancellationToken stop)
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
        return number;
    }

    // The timers of the runtime are late by up to 2 ms, which would be in every latency. Not longer than a moment, so that
    // a stop is seen.
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
