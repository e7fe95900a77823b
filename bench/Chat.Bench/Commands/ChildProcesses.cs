using System.Diagnostics;
using System.Globalization;

namespace Chat.Bench.Commands;

/// <summary>
/// Kills what this process has started and what still runs when it ends, for instance because a workload broke where
/// nobody expected it to: a forgotten server would take a core from every later run.
/// </summary>
internal static class ChildProcesses
{
    public static void KillAll()
    {
        foreach (var process in Process.GetProcesses())
        {
            using (process)
            {
                if (ParentOf(process.Id) == Environment.ProcessId)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
    }

    /// <summary>Null where it has gone meanwhile, or where the system does not say.</summary>
    private static int? ParentOf(int process)
    {
        try
        {
            // pid (name) state parent …; the name may hold anything.
            var status = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
