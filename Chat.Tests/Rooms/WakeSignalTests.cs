using Chat.AspNetCore.Rooms;
using Xunit;

namespace Chat.Tests.Rooms;

public sealed class WakeSignalTests
{
    [Fact]
    public async Task A_ring_before_the_wait_is_not_lost()
    {
        var wakeSignal = new WakeSignal();
        wakeSignal.Set();
        await wakeSignal.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(await RingsAgainAsync(wakeSignal));
    }

    [Fact]
    public async Task Many_rings_end_one_wait()
    {
        var wakeSignal = new WakeSignal();
        wakeSignal.Set();
        wakeSignal.Set();
        wakeSignal.Set();
        await wakeSignal.WaitAsync();
        Assert.False(await RingsAgainAsync(wakeSignal));
    }

    [Fact]
    public async Task Of_what_many_threads_ring_for_nothing_is_missed()
    {
        const int Ringers = 4;
        const int Each = 50_000;
        var wakeSignal = new WakeSignal();
        var produced = 0;
        var ringing = Enumerable.Range(0, Ringers).Select(_ => Task.Run(() =>
        {
            for (var n = 0; n < Each; n++)
            {
                Interlocked.Increment(ref produced);
                wakeSignal.Set();
            }
        })).ToList();

        // A lost ring shows as a wait that never ends.
        while (Volatile.Read(ref produced) < Ringers * Each)
        {
            await wakeSignal.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        }

        await Task.WhenAll(ringing);
    }

    // The wait that is begun here is ended again, so that the wakeSignal can be waited for anew.
    private static async Task<bool> RingsAgainAsync(WakeSignal wakeSignal)
    {
        var wait = wakeSignal.WaitAsync().AsTask();
        var rang = wait.IsCompleted;
        wakeSignal.Set();
        await wait;
        return rang;
    }
}
