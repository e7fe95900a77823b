using System.Runtime.InteropServices;

namespace GrpcChat.Shared;

/// <summary>Which file a path leads to: another file under the same path has another identity.</summary>
internal readonly record struct FileIdentity(uint Major, uint Minor, ulong Inode)
{
    // From linux/stat.h, which is the same on every processor.
    private const int CurrentDirectory = -100;
    private const uint InodeMask = 0x100;
    private const int Bytes = 256;
    private const int InodeAt = 32;
    private const int MajorAt = 136;
    private const int MinorAt = 140;

    /// <summary>Null if there is no file, or the system does not tell. Only Linux is asked.</summary>
    public static FileIdentity? Of(string path)
    {
        Span<byte> stat = stackalloc byte[Bytes];
        return OperatingSystem.IsLinux()
            && ReadStat(CurrentDirectory, path, 0, InodeMask, ref MemoryMarshal.GetReference(stat)) == 0
            ? new FileIdentity(
                MemoryMarshal.Read<uint>(stat[MajorAt..]),
                MemoryMarshal.Read<uint>(stat[MinorAt..]),
                MemoryMarshal.Read<ulong>(stat[InodeAt..]))
            : null;
    }

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReadStat(
        int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, ref byte result);
}
