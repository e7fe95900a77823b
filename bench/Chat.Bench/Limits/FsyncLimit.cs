using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using GrpcChat.Bench.Loads;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.Bench.Limits;

/// <summary>
/// limit-fsync: writes 4 KiB and syncs, again and again. Like a write-ahead log that has been reset, it overwrites
/// existing blocks of a file, so that a sync has no new length and no new blocks to record: the cheapest case. Syncs
/// alternate between data only (fdatasync) and full ones (fsync), which also record the file's times and are what our
/// SQLite calls.
/// </summary>
/// <param name="directory">On the same file system as the peers' databases.</param>
/// <param name="length">How long it runs.</param>
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
            Failure = data.Count == 0 ? "no sync was made" : null,
        };
    }

    private long Time(SafeFileHandle file, Action<SafeFileHandle> sync)
    {
        BitConverter.TryWriteBytes(page, ++writes); // always new bytes
        var began = Stopwatch.GetTimestamp();
        RandomAccess.Write(file, page, writes * PageBytes % FileBytes);
        sync(file);
        return Stopwatch.GetTimestamp() - began;
    }

    private static double Milliseconds(List<long> latencies, double share) =>
        latencies.Count == 0
            ? double.NaN
            : latencies.Order().ElementAt((int)(share * (latencies.Count - 1))) * 1000.0 / Stopwatch.Frequency;

    // The data, with only the metadata that is needed to read it back.
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
