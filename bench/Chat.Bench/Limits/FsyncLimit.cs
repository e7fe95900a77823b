using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Chat.Bench.Loads;
using Microsoft.Win32.SafeHandles;

namespace Chat.Bench.Limits;

/// <summary>
/// limit-fsync: writes 4 KiB and syncs, in turn. As a write-ahead log that has begun anew, it goes over a file whose
/// blocks are written already, so that a sync has no new length and no new blocks to keep: the cheapest that there is.
/// Every other sync is a full one, which keeps the file's times, too: that is what SQLite as we have it calls.
/// </summary>
/// <param name="directory">On the file system that the peers' databases are on.</param>
/// <param name="length">How long.</param>
internal sealed class FsyncLimit(string directory, TimeSpan length)
{
    private const int PageBytes = 4096;
    private const int FileBytes = 4 * 1024 * 1024;

    private readonly byte[] page = new byte[PageBytes];
    private long writes;

    public RoundResult Run(CancellationToken stop)
    {
        using var file = File.OpenHandle(
            Path.Combine(directory, $"limit-fsync-{Environment.ProcessId}"),
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            options: FileOptions.DeleteOnClose);
        RandomAccess.Write(file, new byte[FileBytes], fileOffset: 0);
        RandomAccess.FlushToDisk(file);

        var (data, full) = (new List<long>(), new List<long>());
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < length && !stop.IsCancellationRequested)
        {
            data.Add(Time(file, SyncData));
            full.Add(Time(file, RandomAccess.FlushToDisk));
        }

        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                ["syncs/s"] = data.Count * (double)Stopwatch.Frequency / data.Sum(),
                ["sync p50 (ms)"] = Milliseconds(data, 0.50),
                ["sync p99 (ms)"] = Milliseconds(data, 0.99),
                ["full sync p50 (ms)"] = Milliseconds(full, 0.50),
                ["full sync p99 (ms)"] = Milliseconds(full, 0.99),
            },
            Failure = data.Count == 0 ? "nothing was synced" : null,
        };
    }

    private long Time(SafeFileHandle file, Action<SafeFileHandle> sync)
    {
        BitConverter.TryWriteBytes(page, ++writes); // never the bytes that are there
        var began = Stopwatch.GetTimestamp();
        RandomAccess.Write(file, page, writes * PageBytes % FileBytes);
        sync(file);
        return Stopwatch.GetTimestamp() - began;
    }

    private static double Milliseconds(List<long> latencies, double share) =>
        latencies.Count == 0
            ? double.NaN
            : latencies.Order().ElementAt((int)(share * (latencies.Count - 1))) * 1000.0 / Stopwatch.Frequency;

    // The data, and of the rest only what is needed to read it back.
    private static void SyncData(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
        }
        else if (FDataSync(file) != 0)
        {
            throw new IOException("fdatasync failed", new Win32Exception(Marshal.GetLastPInvokeError()));
        }
    }

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static extern int FDataSync(SafeFileHandle file);
}
