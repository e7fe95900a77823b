using BenchmarkDotNet.Attributes;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.Bench.Micro;

/// <summary>Reads one page of 500 rows, and one frame, which holds fewer.</summary>
public class PageRead
{
    private const int PageRows = 500;

    private readonly CountingSink sink = new();
    private readonly Frame frame = new();
    private NewLog log = null!;

    /// <summary>Creates a log of a few pages.</summary>
    [GlobalSetup]
    public void Fill()
    {
        log = new NewLog();
        for (var n = 0; n < 4; n++)
        {
            log.Append(PageRows);
        }
    }

    /// <summary>Closes and deletes the log.</summary>
    [GlobalCleanup]
    public void Close() => log.Dispose();

    /// <summary>Into a sink that only counts: the cost of the log itself.</summary>
    [Benchmark(OperationsPerInvoke = PageRows)]
    public async Task<int> RowOfPage()
    {
        sink.Count = 0;
        await log.Log.ReadAsync(NewLog.Room, PageRows, long.MaxValue, sink, CancellationToken.None);
        return sink.Count == PageRows ? sink.Count : throw new InvalidOperationException($"A page has {sink.Count} rows.");
    }

    /// <summary>Into a frame until it is full: the cost of reading and encoding.</summary>
    [Benchmark]
    public async Task<int> PageIntoFrame()
    {
        frame.Clear();
        frame.BeginPage(Frame.MaxBytes);
        await log.Log.ReadAsync(NewLog.Room, PageRows, long.MaxValue, frame, CancellationToken.None);
        return frame.PageCount;
    }

    private sealed class CountingSink : IMessageSink
    {
        public int Count { get; set; }

        public bool TryAdd(scoped in MessageRow row)
        {
            Count++;
            return true;
        }
    }
}
