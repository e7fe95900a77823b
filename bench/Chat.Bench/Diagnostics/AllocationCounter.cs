using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace GrpcChat.Bench.Diagnostics;

/// <summary>
/// Counts what another .NET process allocates. Its runtime raises an event about every 100 KB, and each thread reserves
/// 8 KiB at a time, so the count is exact only over some megabytes. It costs the process little.
/// </summary>
internal sealed class AllocationCounter : IAsyncDisposable
{
    private readonly List<(long At, long Bytes, string Type)> allocations = [];
    private readonly List<(long At, int Generation)> collections = [];
    private RuntimeEvents? events;

    private AllocationCounter()
    {
    }

    public static async Task<AllocationCounter> StartAsync(int processId)
    {
        var counter = new AllocationCounter();
        counter.events = await RuntimeEvents.ListenAsync(
            processId,
            ClrTraceEventParser.Keywords.GC,
            EventLevel.Verbose,
            clr =>
            {
                clr.GCAllocationTick += tick => counter.allocations.Add((At(tick), tick.AllocationAmount64, tick.TypeName));
                clr.GCStart += gc => counter.collections.Add((At(gc), gc.Depth));
            });
        return counter;
    }

    /// <summary>Stops counting.</summary>
    public ValueTask DisposeAsync() => events!.DisposeAsync();

    /// <summary>What was allocated between two stopwatch timestamps. Call it after the counter was disposed.</summary>
    public AllocatedBytes Between(long begin, long end)
    {
        var within = allocations.Where(tick => tick.At > begin && tick.At <= end).ToList();
        return new AllocatedBytes(
            within.Sum(tick => tick.Bytes),
            Stopwatch.GetElapsedTime(begin, end),
            within.GroupBy(tick => tick.Type)
                .ToDictionary(type => type.Key, type => type.Sum(tick => tick.Bytes)),
            [.. Enumerable.Range(0, 3).Select(old => collections.Count(gc => gc.Generation == old && gc.At > begin && gc.At <= end))]);
    }

    // Obsolete because it is the raw clock of the traced process; on one machine that is the clock of our stopwatch.
#pragma warning disable CS0618
    private static long At(TraceEvent raised) => raised.TimeStampQPC;
#pragma warning restore CS0618
}

/// <summary>What a process has allocated in a period of time.</summary>
/// <param name="Total">Bytes.</param>
/// <param name="Time">The period.</param>
/// <param name="ByType">
/// Estimates: all bytes since the previous event are attributed to the type of the object that raised the event.
/// </param>
/// <param name="Collections">Of generations 0, 1 and 2.</param>
internal sealed partial record AllocatedBytes(
    long Total,
    TimeSpan Time,
    IReadOnlyDictionary<string, long> ByType,
    IReadOnlyList<int> Collections)
{
    /// <summary>The types with the most bytes, as in "`String` 60 %, `Byte[]` 10 %".</summary>
    public string Largest(int count) => string.Join(
        ", ",
        ByType.OrderByDescending(type => type.Value).Take(count).Select(type =>
            string.Create(CultureInfo.InvariantCulture, $"`{Short(type.Key)}` {100.0 * type.Value / Total:N0} %")));

    // Namespaces add nothing here.
    private static string Short(string type) => Namespaces().Replace(type, "");

    [GeneratedRegex(@"\b(?:\w+\.)+(?=\w)")]
    private static partial Regex Namespaces();
}
