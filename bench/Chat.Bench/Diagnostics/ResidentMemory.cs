using System.Globalization;

namespace GrpcChat.Bench.Diagnostics;

/// <summary>Resident memory (RSS) of a process on Linux.</summary>
internal static class ResidentMemory
{
    private const int BytesPerKilobyte = 1024;

    /// <summary>In bytes, counted page by page, which takes the system some milliseconds.</summary>
    public static long Now(int processId) => Read($"/proc/{processId}/smaps_rollup", "Rss:");

    /// <summary>The peak since <see cref="ResetPeak"/>, in bytes.</summary>
    public static long Peak(int processId) => Read($"/proc/{processId}/status", "VmHWM:");

    /// <summary>Sets the peak to the current value.</summary>
    public static void ResetPeak(int processId) => File.WriteAllText($"/proc/{processId}/clear_refs", "5");

    private static long Read(string file, string name)
    {
        var line = File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal));
        var kilobytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(kilobytes, CultureInfo.InvariantCulture) * BytesPerKilobyte;
    }
}
