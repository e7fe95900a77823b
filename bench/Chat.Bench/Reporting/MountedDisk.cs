namespace GrpcChat.Bench.Reporting;

/// <summary>A mounted file system and its device.</summary>
internal sealed record MountedDisk(string FileSystem, string Device)
{
    private const string Devices = "/dev/";

    /// <summary>Whether it is in memory: nothing survives, and a sync costs nothing.</summary>
    public bool IsMemory => FileSystem is "tmpfs" or "ramfs";

    /// <summary>The file system of a directory; null = unknown.</summary>
    public static MountedDisk? Under(string directory)
    {
        const string Mounts = "/proc/self/mountinfo";
        return File.Exists(Mounts) ? Find(File.ReadLines(Mounts), Path.GetFullPath(directory)) : null;
    }

    /// <summary>Of the longest mount points above the directory, the last one is visible there.</summary>
    internal static MountedDisk? Find(IEnumerable<string> mounts, string directory)
    {
        var (found, longest) = ((MountedDisk?)null, 0);
        foreach (var line in mounts)
        {
            // id, parent, major:minor, root, mount point, options, any number of tags, "-", type, source, options
            var halves = line.Split(" - ", 2);
            if (halves.Length < 2 || halves[0].Split(' ') is not [_, _, _, _, var point, ..] || point.Length < longest
                || !IsUnder(directory, point) || halves[1].Split(' ') is not [var type, var source, ..])
            {
                continue;
            }

            // Other sources than devices could be network shares, which name a host.
            var device = source.StartsWith(Devices, StringComparison.Ordinal) ? source[Devices.Length..] : "no device";
            (found, longest) = (new MountedDisk(type, device), point.Length);
        }

        return found;
    }

    public override string ToString() => $"{FileSystem} ({Device})";

    private static bool IsUnder(string directory, string point) =>
        point == "/" || directory == point || directory.StartsWith(point + "/", StringComparison.Ordinal);
}
