namespace GrpcChat.Bench.Diagnostics;

/// <summary>The memory of a .NET process without garbage.</summary>
internal static class SettledMemory
{
    // The collector returns freed memory to the system gradually.
    private const int MostSamples = 10;
    private const double Settled = 0.995;
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of the managed heap and of resident memory (RSS) after a forced full collection.</summary>
    public static async Task<(long Heap, long Resident)> OfAsync(int processId, CancellationToken stop)
    {
        var heap = await ForcedCollection.RunAsync(processId);
        var resident = ResidentMemory.Now(processId);
        for (var sample = 0; sample < MostSamples; sample++)
        {
            await Task.Delay(SampleInterval, stop);
            var before = resident;
            resident = ResidentMemory.Now(processId);
            if (resident > before * Settled)
            {
                break;
            }
        }

        return (heap, resident);
    }
}
