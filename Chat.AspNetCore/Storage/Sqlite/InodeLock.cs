using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// A lock on a database that follows the file and not its path, so that a hard link in another directory is locked too. It is a
/// lock of Linux's kernel on one byte far behind the end of the file. SQLite's own locks are on other bytes, and locks of whole
/// files, as .NET takes them, are of another kind. Where there is no such lock, nothing is locked.
/// </summary>
internal sealed class InodeLock : IDisposable
{
    // From fcntl.h of Linux.
    private const int SetLock = 37; // F_OFD_SETLK: the lock belongs to the handle
    private const short WriteLock = 1;

    // From errno.h: what the system may say if somebody has the lock. Anything else says that there are no such locks here.
    private const int TryAgain = 11;
    private const int NoAccess = 13;

    private readonly SafeFileHandle? handle;

    private InodeLock(SafeFileHandle? handle) => this.handle = handle;

    /// <summary>Null if somebody has the lock.</summary>
    public static InodeLock? TryTake(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new InodeLock(null);
        }

        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var range = new LockedRange { Type = WriteLock, Start = long.MaxValue - 1, Length = 1 };
        if (Control(handle, SetLock, ref range) == 0)
        {
            return new InodeLock(handle);
        }

        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        return error is TryAgain or NoAccess ? null : new InodeLock(null);
    }

    public void Dispose() => handle?.Dispose();

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(SafeFileHandle file, int command, ref LockedRange range);

    // struct flock, as 64-bit processes have it.
    [StructLayout(LayoutKind.Sequential)]
    private struct LockedRange
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
