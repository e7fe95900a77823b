using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace GrpcChat.Bench.Diagnostics;

/// <summary>
/// Makes another .NET process run a full, blocking garbage collection, so that its memory is what it needs, without
/// garbage.
/// </summary>
internal static class ForcedCollection
{
    private const int Oldest = 2;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TimeForFinalizers = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns the size of the managed heap after it in bytes, including fragmentation.</summary>
    /// <exception cref="TimeoutException">The process did not complete it within a minute.</exception>
    public static async Task<long> RunAsync(int processId)
    {
        // The second one frees objects with finalizers; after that the collector returns unused memory to the system.
        for (var n = 0; n < 2; n++)
        {
            await OnceAsync(processId);
            await Task.Delay(TimeForFinalizers);
        }

        return await OnceAsync(processId);
    }

    private static async Task<long> OnceAsync(int processId)
    {
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isFull = false;

        // GCHeapCollect requests the collection, GC the events that show when it has ended.
        await using var events = await RuntimeEvents.ListenAsync(
            processId,
            ClrTraceEventParser.Keywords.GCHeapCollect | ClrTraceEventParser.Keywords.GC,
            EventLevel.Informational,
            clr =>
            {
                clr.GCStart += gc => isFull |= gc.Depth == Oldest;
                clr.GCHeapStats += heap =>
                {
                    if (isFull)
                    {
                        done.TrySetResult(heap.TotalHeapSize);
                    }
                };
            });
        return await done.Task.WaitAsync(Limit);
    }
}
