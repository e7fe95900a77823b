using Chat.AspNetCore.Storage;
using Chat.AspNetCore.Storage.Sqlite;

namespace Chat.Bench.Micro;

/// <summary>
/// A log of its own in a new directory, which goes with it. It can be filled and closed without awaiting: a setup or
/// cleanup that is a task is not awaited in this process.
/// </summary>
internal sealed class NewLog : IDisposable
{
    public const string Room = "bench";

    private readonly string directory = Directory.CreateTempSubdirectory("grpcchat-bench-micro-").FullName;
    private readonly Batches batches;

    public NewLog()
    {
        Log = SqliteMessageLog.Open(directory);
        batches = new Batches(Log);
    }

    public SqliteMessageLog Log { get; }

    /// <summary>Sends so many messages of 120 bytes at once, and waits until they are stored.</summary>
    public Task AppendAsync(int count) => batches.AppendAsync(Room, count);

    public void Append(int count) => AppendAsync(count).GetAwaiter().GetResult();

    public void Dispose()
    {
        Log.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(directory, recursive: true);
    }
}
