using BenchmarkDotNet.Attributes;

namespace Chat.Bench.Micro;

/// <summary>Storing a message: handed over, stored in one batch with others, synced, answered.</summary>
public class LogAppend
{
    private const int Batch = 64;
    private const int LargeBatch = 512;

    private NewLog log = null!;

    /// <summary>A new log.</summary>
    [GlobalSetup]
    public void Open() => log = new NewLog();

    /// <summary>Closes and deletes it.</summary>
    [GlobalCleanup]
    public void Close() => log.Dispose();

    /// <summary>Alone.</summary>
    [Benchmark]
    public Task MessageAlone() => log.AppendAsync(1);

    /// <summary>One of 64.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public Task MessageOf64() => log.AppendAsync(Batch);

    /// <summary>One of 512.</summary>
    [Benchmark(OperationsPerInvoke = LargeBatch)]
    public Task MessageOf512() => log.AppendAsync(LargeBatch);
}
