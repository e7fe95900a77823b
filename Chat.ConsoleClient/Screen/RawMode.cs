using System.Runtime.InteropServices;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// The mode of the terminal on stdin, as the C library represents it. The structure differs between systems, so it is
/// only passed from one function to another, never read.
/// </summary>
internal sealed class RawMode
{
    private const int StandardInput = 0, Now = 0; // TCSANOW is 0 on Linux and on macOS.
    private const int MaxSize = 256; // 60 bytes on Linux, 72 on macOS.
    private readonly byte[] before, raw;

    private RawMode(byte[] before)
    {
        this.before = before;
        raw = [.. before];
        CfMakeRaw(raw);
    }

    /// <summary>Reads the mode; null if stdin is not a terminal.</summary>
    public static RawMode? TryFind()
    {
        var mode = new byte[MaxSize];
        return TcGetAttr(StandardInput, mode) == 0 ? new(mode) : null;
    }

    public void Enter() => _ = TcSetAttr(StandardInput, Now, raw);

    public void Leave() => _ = TcSetAttr(StandardInput, Now, before);

    [DllImport("libc", EntryPoint = "tcgetattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int TcGetAttr(int file, [In, Out] byte[] mode);

    [DllImport("libc", EntryPoint = "tcsetattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int TcSetAttr(int file, int when, byte[] mode);

    [DllImport("libc", EntryPoint = "cfmakeraw")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern void CfMakeRaw([In, Out] byte[] mode);
}
