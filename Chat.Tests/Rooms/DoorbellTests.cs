using Chat.AspNetCore.Rooms;
using Xunit;

namespace Chat.Tests.Rooms;

public sealed class DoorbellTests
{
    [Fact]
    public async Task A_ring_before_the_wait_is_not_lost()
    {
        var bell = new Doorbell();
        bell.Ring();
        await bell.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(await RingsAgainAsync(bell));
    }

    [Fact]
    public async Task Many_rings_end_one_wait()
    {
        var bell = new Doorbell();
        bell.Ring();
        bell.Ring();
        bell.Ring();
        await bell.WaitAsync();
        Assert.False(await RingsAgainAsync(bell));
    }

    [Fact]
    public async Task Of_what_many_threads_ring_for_nothing_is_missed()
    {
        const int Ringers = 4;
        const int Each = 50_000;
        var bell = new Doorbell();
        var produced = 0;
        var ringing = Enumerable.Range(0, Ringers).Select(_ => Task.Run(() =>
        {
            for (var n = 0; n < Each; n++)
            {
                Interlocked.Increment(ref produced);
                bell.Ring();
            }
        })).ToList();

        // A lost ring shows as a wait that never ends.
        while (Volatile.Read(ref produced) < Ringers * Each)
        {
            await bell.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        }

        await Task.WhenAll(ringing);
    }

    // The wait that is begun here is ended again, so that the bell can be waited for anew.
    private static async Task<bool> RingsAgainAsync(Doorbell bell)
    {
        var wait = bell.WaitAsync().AsTask();
        var rang = wait.IsCompleted;
        bell.Ring();
        await wait;
        return rang;
    }
}
