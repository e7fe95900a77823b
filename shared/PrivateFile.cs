using System.Globalization;

namespace GrpcChat.Shared;

/// <summary>Files that only their owner may read and write, and the lock files beside them.</summary>
internal static class PrivateFile
{
    // The HResult of the IOException if another process has the file open.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    /// <summary>Opens a file for writing. A file that this creates is accessible to its owner alone.</summary>
    public static FileStream Open(string path, FileMode mode, FileShare share = FileShare.Read)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    /// <summary>The lock file of a database. It is empty and is never deleted.</summary>
    public static string LockPath(string database) => database + ".lock";

    /// <summary>
    /// Locks a database against other processes, and against other callers in this process, until the stream is
    /// disposed of. Null if it is locked already.
    /// </summary>
    /// <exception cref="IOException">The lock file cannot be opened for another reason.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static FileStream? TryLock(string database)
    {
        try
        {
            return Open(LockPath(database), FileMode.OpenOrCreate, FileShare.None);
        }
        catch (IOException error) when (IsLocked(error))
        {
            return null;
        }
    }

    /// <summary>Who has locked a database, for people: "process 123". Null if the system does not tell.</summary>
    public static string? LockHolder(string database)
    {
        const string Locks = "/proc/locks";
        if (FileIdentity.Of(LockPath(database)) is not { } file || !File.Exists(Locks))
        {
            return null;
        }

        // Such as: 1: FLOCK  ADVISORY  WRITE 708 08:01:131 0 EOF
        var name = string.Create(CultureInfo.InvariantCulture, $"{file.Major:x2}:{file.Minor:x2}:{file.Inode}");
        return File.ReadLines(Locks)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is [_, "FLOCK", _, _, not "0", var locked, ..] && locked == name)
            .Select(words => $"process {words[4]}")
            .FirstOrDefault();
    }

    /// <summary>Whether a file was not opened because another process has it for itself.</summary>
    public static bool IsLocked(IOException error) =>
        error.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation;
}
