using System.Diagnostics;
using System.Globalization;

namespace GrpcChat.Bench.Commands;

/// <summary>
/// Kills the child processes that are still running when the bench ends, for example after an unhandled exception: a
/// server left behind would take CPU time from every later run.
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

    /// <summary>Null if the process has ended meanwhile, or on a system without /proc.</summary>
    private static int? ParentOf(int process)
    {
        try
        {
            // pid (name) state parent …; the name may contain any character.
            var status = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
