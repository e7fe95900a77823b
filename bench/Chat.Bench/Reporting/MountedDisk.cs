namespace Chat.Bench.Reporting;

/// <summary>The file system under a directory and the device that it is on.</summary>
internal sealed record MountedDisk(string FileSystem, string Device)
{
    private const string Devices = "/dev/";

    /// <summary>True where nothing that is written survives, and syncs cost nothing.</summary>
    public bool IsMemory => FileSystem is "tmpfs" or "ramfs";

    /// <summary>None where the system does not say.</summary>
    public static MountedDisk? Under(string directory)
    {
        const string Mounts = "/proc/self/mountinfo";
        return File.Exists(Mounts) ? Find(File.ReadLines(Mounts), Path.GetFullPath(directory)) : null;
    }

    /// <summary>The last of the longest mount points above the directory is the one that is seen there.</summary>
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

            // Anything but a device could be a share of a named host.
            var device = source.StartsWith(Devices, StringComparison.Ordinal) ? source[Devices.Length..] : "no device";
            (found, longest) = (new MountedDisk(type, device), point.Length);
        }

        return found;
    }

    public override string ToString() => $"{FileSystem} ({Device})";

    private static bool IsUnder(string directory, string point) =>
        point == "/" || directory == point || directory.StartsWith(point + "/", StringComparison.Ordinal);
}
