namespace GrpcChat.AspNetCore;

/// <summary>The file that lists the blocked senders, one name on each line.</summary>
public static class BlockedSendersFile
{
    /// <summary>The file's name in the directory of the message log.</summary>
    public const string Name = "blocked.txt";

    /// <summary>Reads the names, in the order of the file.</summary>
    /// <param name="path">The file. If it does not exist, nobody is blocked.</param>
    /// <returns>The names.</returns>
    public static IReadOnlyList<string> Read(string path) =>
        File.Exists(path) ? [.. File.ReadLines(path).Where(line => line.Length > 0)] : [];

    /// <summary>Replaces the file as a whole, so that the service never reads half of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="names">The names.</param>
    public static void Write(string path, IEnumerable<string> names)
    {
        var next = path + ".new";
        File.WriteAllLines(next, names);
        File.Move(next, path, overwrite: true);
    }
}
