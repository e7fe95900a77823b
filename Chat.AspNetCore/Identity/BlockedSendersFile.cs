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

    /// <summary>
    /// Replaces the file as a whole, so that the service never reads half of it. Two changes at the same time are both
    /// made: the second waits for the first.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="change">Returns the new names for those that are in the file.</param>
    /// <exception cref="IOException">
    /// The file cannot be written, or somebody else has been changing it for ten seconds.
    /// </exception>
    public static void Change(string path, Func<IReadOnlyList<string>, IEnumerable<string>> change)
    {
        using var changing = Lock(path + ".lock");
        var next = path + ".new";
        using (var writer = new StreamWriter(PrivateFile.Open(next, FileMode.Create)))
        {
            foreach (var name in change(Read(path)))
            {
                writer.WriteLine(name);
            }
        }

        File.Move(next, path, overwrite: true);
    }

    private static FileStream Lock(string path)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException error) when (attempt < 100 && error.GetType() == typeof(IOException))
            {
                // Somebody else has it. A directory that is missing, for example, is an exception of its own kind.
                Thread.Sleep(TimeSpan.FromMilliseconds(100));
            }
        }
    }
}
