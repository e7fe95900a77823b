using System.Runtime.InteropServices;

namespace GrpcChat.ConsoleClient;

/// <summary>
/// Stdin, stdout and stderr as whoever started this process has left them: open, closed, or without a reader.
/// </summary>
internal static class StandardStreams
{
    public const int Output = 1;
    public const int Error = 2;
    private const int Input = 0;

    // The same on Linux and on macOS.
    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;
    private const short ReadPriorityBand = 0x80;
    private const short Gone = 0x08 | 0x10 | 0x20; // POLLERR, POLLHUP, POLLNVAL.
    private const int Forever = -1;
    private const int Interrupted = 4; // EINTR.

    /// <summary>
    /// False if the descriptor was closed when the process was started. A file of the runtime has its number then,
    /// which must be neither read nor written; it is recognized by the flag that no inherited descriptor can have.
    /// </summary>
    public static bool IsOpen(int descriptor)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        var flags = Fcntl(descriptor, GetDescriptorFlags);
        return flags >= 0 && (flags & CloseOnExec) == 0;
    }

    /// <summary>Opens stdin.</summary>
    /// <exception cref="IOException">It is closed.</exception>
    public static Stream OpenInput() => IsOpen(Input)
        ? Console.OpenStandardInput()
        : throw new IOException("standard input is closed; redirect it, for example from /dev/null");

    /// <summary>
    /// Blocks until the reader of stdout has gone; for ever if there is no such thing, as with a file.
    /// </summary>
    public static void WaitUntilOutputIsGone()
    {
        // Without an event that is asked for, macOS reports nothing; this one never happens to a pipe.
        var output = new PollDescriptor { Descriptor = Output, Events = ReadPriorityBand };
        while ((output.Occurred & Gone) == 0)
        {
            if (Poll(ref output, 1, Forever) < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            {
                Thread.Sleep(Timeout.Infinite);
            }
        }
    }

    // No third argument, so it does not matter that this function takes a variable number of them.
    [DllImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Fcntl(int descriptor, int command);

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Poll(ref PollDescriptor descriptors, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Occurred;
    }
}
