namespace GrpcChat.Bench.Peers;

/// <summary>
/// A new, empty directory for a database, which is deleted when it is disposed. A directory whose process was killed is
/// deleted by <see cref="DeleteAbandoned"/> in the next run.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private const string Prefix = "grpcchat-bench-";

    // The owner holds a lock on this file, which ends with its process.
    private const string LockName = "in-use";

    private readonly FileStream ownership;

    public DataDirectory()
    {
        Path = Directory.CreateTempSubdirectory(Prefix).FullName;
        ownership = new FileStream(System.IO.Path.Combine(Path, LockName), FileMode.CreateNew, FileAccess.Write, FileShare.Delete);
    }

    public string Path { get; }

    /// <summary>Deletes the directories of processes that no longer run.</summary>
    public static void DeleteAbandoned()
    {
        foreach (var directory in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), $"{Prefix}*"))
        {
            try
            {
                using (new FileStream(System.IO.Path.Combine(directory, LockName), FileMode.Open, FileAccess.Read, FileShare.None))
                {
                    Directory.Delete(directory, recursive: true);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // In use, or deleted by its owner meanwhile, or another user's.
            }
        }
    }

    public void Dispose()
    {
        Directory.Delete(Path, recursive: true);
        ownership.Dispose();
    }
}
