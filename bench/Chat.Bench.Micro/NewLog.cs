using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Micro;

/// <summary>
/// A log in a new directory, which is deleted with it. It can be filled and closed synchronously, because
/// BenchmarkDotNet does not await setups and cleanups when it runs in this process.
/// </summary>
internal sealed class NewLog : IDisposable
{
    public const string Room = "bench";

    private readonly DataDirectory directory = new();
    private readonly Batches batches;

    public NewLog()
    {
        Log = SqliteMessageLog.Open(directory.Path);
        batches = new Batches(Log);
    }

    public SqliteMessageLog Log { get; }

    /// <summary>Appends so many messages of 120 bytes at once, and waits until they are stored.</summary>
    public Task AppendAsync(int count) => batches.AppendAsync(Room, count);

    public void Append(int count) => AppendAsync(count).GetAwaiter().GetResult();

    public void Dispose()
    {
        Log.DisposeAsync().AsTask().GetAwaiter().GetResult();
        directory.Dispose();
    }
}
