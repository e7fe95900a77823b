using GrpcChat.Shared;
using Xunit;

namespace GrpcChat.Tests.Rooms;

public sealed class WakeSignalTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_signal_that_is_set_before_the_wait_is_not_lost()
    {
        var signal = new WakeSignal();
        signal.Set();
        await signal.WaitAsync().AsTask().WaitAsync(Deadline);
        Assert.False(await IsSetAsync(signal));
    }

    [Fact]
    public async Task A_signal_that_is_set_many_times_ends_one_wait()
    {
        var signal = new WakeSignal();
        signal.Set();
        signal.Set();
        signal.Set();
        await signal.WaitAsync();
        Assert.False(await IsSetAsync(signal));
    }

    [Fact]
    public async Task No_signal_of_many_threads_is_lost()
    {
        const int Threads = 4;
        const int Each = 50_000;
        var signal = new WakeSignal();
        var produced = 0;
        var setting = Enumerable.Range(0, Threads).Select(_ => Task.Run(() =>
        {
            for (var n = 0; n < Each; n++)
            {
                Interlocked.Increment(ref produced);
                signal.Set();
            }
        })).ToList();

        // A lost signal shows as a wait that never ends.
        while (Volatile.Read(ref produced) < Threads * Each)
        {
            await signal.WaitAsync().AsTask().WaitAsync(Deadline);
        }

        await Task.WhenAll(setting);
    }

    // Ends the wait that it begins, so that the next wait can begin.
    private static async Task<bool> IsSetAsync(WakeSignal signal)
    {
        var wait = signal.WaitAsync().AsTask();
        var isSet = wait.IsCompleted;
        signal.Set();
        await wait;
        return isSet;
    }
}
