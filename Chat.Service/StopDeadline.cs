using System.Runtime.InteropServices;

namespace GrpcChat.Service;

/// <summary>
/// Ends the process shortly before the drain limit is over, whatever still holds it: a busy machine, or an output that
/// nobody reads. What was acked is in the log, and what was not is repeated by clients, as after a power failure.
/// </summary>
internal static class StopDeadline
{
    // Of the drain limit. The rest is for the end itself: on a busy machine it takes more than a second.
    private const double Share = 0.85;

    /// <summary>Begins to watch, until the process has ended.</summary>
    /// <param name="limit">The drain limit.</param>
    /// <param name="exitCode">Asked when the limit is over.</param>
    /// <param name="stopping">Fires when the service stops by itself. Signals are noticed here.</param>
    public static void Watch(TimeSpan limit, Func<int> exitCode, CancellationToken stopping)
    {
        var isStopping = new ManualResetEventSlim();
        stopping.UnsafeRegister(static stops => ((ManualResetEventSlim)stops!).Set(), isStopping);

        // The host's own reaction to a signal begins with the end of every stream, so the time cannot begin there.
        PosixSignalRegistration[] signals =
        [
            .. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT }
                .Select(signal => PosixSignalRegistration.Create(signal, _ => isStopping.Set())),
        ];

        // A thread of its own: those of the pool are busy with thousands of ends. It does not keep the process.
        new Thread(() =>
        {
            isStopping.Wait();
            Thread.Sleep(limit * Share);
            GC.KeepAlive(signals);
            End(exitCode());
        })
        {
            IsBackground = true,
            Name = nameof(StopDeadline),
            Priority = ThreadPriority.Highest,
        }.Start();
    }

    // The orderly end asks for the console, which may be what is stuck, and takes a second on a busy machine.
    private static void End(int exitCode)
    {
        if (!OperatingSystem.IsWindows())
        {
            EndAtOnce(exitCode);
        }

        Environment.Exit(exitCode);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void EndAtOnce(int exitCode);
}
