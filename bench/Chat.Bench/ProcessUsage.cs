using System.Diagnostics;
using System.Globalization;

namespace GrpcChat.Bench;

/// <summary>The resources that processes have used so far, as counted by the system.</summary>
/// <param name="processIds">The processes.</param>
internal sealed class ProcessUsage(params IReadOnlyList<int> processIds)
{
    /// <summary>User and system time.</summary>
    public TimeSpan Cpu => new(Sum(process => process.TotalProcessorTime.Ticks));

    /// <summary>Resident memory in bytes.</summary>
    public long Resident => Sum(process => process.WorkingSet64);

    /// <summary>Bytes that they have written to files; 0 if the system does not count them.</summary>
    public long Written
    {
        get
        {
            const string Counted = "wchar: ";
            return processIds.Select(id => $"/proc/{id}/io").Where(File.Exists).Sum(counters => long.Parse(
                File.ReadLines(counters).First(line => line.StartsWith(Counted, StringComparison.Ordinal))[Counted.Length..],
                CultureInfo.InvariantCulture));
        }
    }

    private long Sum(Func<Process, long> read) => processIds.Sum(id =>
    {
        using var process = Process.GetProcessById(id);
        return read(process);
    });
}
