using BenchmarkDotNet.Attributes;

namespace GrpcChat.Bench.Micro;

/// <summary>Stores messages: each is queued, stored in one batch with others, synced and answered.</summary>
public class LogAppend
{
    private const int Batch = 64;
    private const int LargeBatch = 512;

    private NewLog log = null!;

    /// <summary>Creates a log.</summary>
    [GlobalSetup]
    public void Open() => log = new NewLog();

    /// <summary>Closes and deletes the log.</summary>
    [GlobalCleanup]
    public void Close() => log.Dispose();

    /// <summary>One message in a batch of its own.</summary>
    [Benchmark]
    public Task MessageAlone() => log.AppendAsync(1);

    /// <summary>One message of a batch of 64.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public Task MessageOf64() => log.AppendAsync(Batch);

    /// <summary>One message of a batch of 512.</summary>
    [Benchmark(OperationsPerInvoke = LargeBatch)]
    public Task MessageOf512() => log.AppendAsync(LargeBatch);
}
