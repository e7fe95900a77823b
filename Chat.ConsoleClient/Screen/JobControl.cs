using System.Runtime.InteropServices;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Stops processes as the shell's job control does, so that <c>fg</c> continues them.</summary>
internal static class JobControl
{
    private const int OwnGroup = 0;

    private static int StopSignal => OperatingSystem.IsLinux() ? 20 : 18; // SIGTSTP; 18 on macOS and the BSDs.

    /// <summary>Does what Ctrl-Z does: signals this process and those that were started with it.</summary>
    public static void SuspendGroup() => _ = Kill(OwnGroup, StopSignal);

    /// <summary>
    /// Stops this process if it has not caught the signal; a shell must be there to continue it. It may return a moment
    /// before the process is stopped.
    /// </summary>
    public static void SuspendSelf() => _ = Kill(Environment.ProcessId, StopSignal);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Kill(int process, int signal);
}
