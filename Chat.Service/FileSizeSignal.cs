using System.Runtime.InteropServices;

namespace GrpcChat.Service;

/// <summary>
/// SIGXFSZ, which ends a process that writes more to a file than it may (RLIMIT_FSIZE). Ignored, the write fails, and
/// the log treats it like a full disk.
/// </summary>
internal static class FileSizeSignal
{
    // Its number on Linux and macOS.
    private const PosixSignal Number = (PosixSignal)25;

    /// <summary>Ignores it until the result is disposed of. Null where there is no such signal.</summary>
    public static IDisposable? Ignore() =>
        OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(Number, signal => signal.Cancel = true);
}
