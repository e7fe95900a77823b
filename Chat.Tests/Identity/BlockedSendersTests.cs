using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Identity;

public sealed class BlockedSendersTests : IDisposable
{
    private readonly TempDirectory directory = new();

    private string File => Path.Combine(directory.Path, BlockedSendersFile.Name);

    public void Dispose() => directory.Dispose();

    [Fact]
    public void A_sender_who_is_blocked_already_is_told_at_once()
    {
        BlockedSendersFile.Change(File, _ => ["ann"]);
        var blocked = new BlockedSenders(File);
        blocked.Refresh();
        var told = 0;

        using var ann = blocked.WatchSender("ann", () => told++);
        using var bob = blocked.WatchSender("bob", () => told += 10);

        Assert.Equal(1, told);
    }

    [Fact]
    public async Task Changes_at_the_same_time_are_all_made()
    {
        var names = Enumerable.Range(1, 20).Select(n => $"user-{n}").ToList();

        await Task.WhenAll(names.Select(name => Task.Run(() => BlockedSendersFile.Change(File, known => [.. known, name]))));

        Assert.Equal(names.Order(), BlockedSendersFile.Read(File).Order());
    }

    // What is told has been disposed of right after that: a call to it would end the service.
    [Fact]
    public async Task A_watch_that_has_ended_is_not_told_even_by_a_refresh_that_was_running()
    {
        var blocked = new BlockedSenders(File);
        using var telling = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var watch = blocked.WatchSender("ann", () =>
        {
            telling.Set();
            goOn.Wait(ChatCall.Deadline);
        });
        BlockedSendersFile.Change(File, _ => ["ann"]);

        var refreshing = Task.Run(blocked.Refresh);
        Assert.True(telling.Wait(ChatCall.Deadline));
        var ending = Task.Run(watch.Dispose);
        await Task.WhenAny(ending, Task.Delay(100));
        var endedTooEarly = ending.IsCompleted;
        goOn.Set();
        await ending.WaitAsync(ChatCall.Deadline);
        await refreshing.WaitAsync(ChatCall.Deadline);

        Assert.False(endedTooEarly);
    }
}
