using System.Diagnostics;

namespace Chat.Bench;

/// <summary>What a process has used so far, as the system counts it.</summary>
/// <param name="processId">The process.</param>
internal sealed class ProcessUsage(int processId)
{
    /// <summary>User and system time.</summary>
    public TimeSpan Cpu => Read(process => process.TotalProcessorTime);

    /// <summary>Resident memory in bytes.</summary>
    public long Resident => Read(process => process.WorkingSet64);

    private T Read<T>(Func<Process, T> read)
    {
        using var process = Process.GetProcessById(processId);
        return read(process);
    }
}
