namespace Chat.Bench.Diagnostics;

/// <summary>What a .NET process needs when it has thrown away what it does not.</summary>
internal static class SettledMemory
{
    // The collector gives what it has freed back to the system a little later, bit by bit.
    private const int MostLooks = 10;
    private const double Settled = 0.995;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of its managed heap and of its resident memory (RSS) after a forced full collection.</summary>
    public static async Task<(long Heap, long Resident)> OfAsync(int processId, CancellationToken stop)
    {
        var heap = await ForcedCollection.RunAsync(processId);
        var resident = ResidentMemory.Now(processId);
        for (var look = 0; look < MostLooks; look++)
        {
            await Task.Delay(BetweenLooks, stop);
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
