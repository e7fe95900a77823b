using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace Chat.Bench.Diagnostics;

/// <summary>
/// Makes another .NET process do a full, blocking collection, so that its memory is what it needs and not what it has
/// not thrown away yet.
/// </summary>
internal static class ForcedCollection
{
    private const int Oldest = 2;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FinalizersNeed = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns the bytes of the managed heap after it, objects and the gaps between them.</summary>
    /// <exception cref="TimeoutException">The process has not done it within a minute.</exception>
    public static async Task<long> RunAsync(int processId)
    {
        // What had a finalizer goes with the second, and then the collector gives back what it does not use.
        for (var n = 0; n < 2; n++)
        {
            await OnceAsync(processId);
            await Task.Delay(FinalizersNeed);
        }

        return await OnceAsync(processId);
    }

    private static async Task<long> OnceAsync(int processId)
    {
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isFull = false;

        // GCHeapCollect asks for the collection, GC for the events that tell when it is over.
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
