using System.Diagnostics;
using System.Globalization;

namespace GrpcChat.Bench;

/// <summary>The resources that a process has used so far, as counted by the system.</summary>
/// <param name="processId">The process.</param>
internal sealed class ProcessUsage(int processId)
{
    /// <summary>User and system time.</summary>
    public TimeSpan Cpu => Read(process => process.TotalProcessorTime);

    /// <summary>Resident memory in bytes.</summary>
    public long Resident => Read(process => process.WorkingSet64);

    /// <summary>Bytes that it has written to files; 0 if the system does not count them.</summary>
    public long Written
    {
        get
        {
            const string Counted = "wchar: ";
            var counters = $"/proc/{processId}/io";
            return File.Exists(counters)
                ? long.Parse(
                    File.ReadLines(counters).First(line => line.StartsWith(Counted, StringComparison.Ordinal))[Counted.Length..],
                    CultureInfo.InvariantCulture)
                : 0;
        }
    }

    private T Read<T>(Func<Process, T> read)
    {
        using var process = Process.GetProcessById(processId);
        return read(process);
    }
}
