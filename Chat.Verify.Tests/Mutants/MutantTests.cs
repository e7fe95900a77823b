using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using GrpcChat.Verify.Checking;
using GrpcChat.Verify.Load;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace GrpcChat.Verify.Tests.Mutants;

/// <summary>
/// That the checker can find something: real services with one fault each, of which a short load finds the promise that
/// they break.
/// </summary>
public sealed class MutantTests
{
    [Fact]
    public async Task A_service_without_a_fault_breaks_no_promise()
    {
        await using var server = await ChatServer.StartAsync(Set);

        Assert.Empty(await BrokenByAsync(server));
    }

    [Fact]
    public Task An_ack_before_the_commit_is_found() => HastyAsync(acks: true, delivers: false, "C3");

    [Fact]
    [Trait("Log", "sqlite")] // With PostgreSQL, nobody has an id before the commit.
    public Task A_delivery_before_the_commit_is_found() => HastyAsync(acks: false, delivers: true, "C1");

    [Fact]
    [Trait("Log", "sqlite")] // As above.
    public Task An_id_that_is_used_again_after_a_rollback_is_found() => HastyAsync(acks: true, delivers: true, "C1", "C3");

    [Fact]
    public Task A_log_without_lookup_and_uniqueness_is_found() => CaughtAsync(log => new LogWithoutClientOffsets(log), "C2", "C11");

    [Fact]
    public Task A_read_from_the_position_instead_of_after_it_is_found() => CaughtAsync(log => new LogThatReadsFromThePosition(log), "C6");

    [Fact]
    public Task Two_swapped_ids_are_found() => CaughtAsync(log => new LogThatSwapsTwoIds(log), "C9");

    [Fact]
    public Task A_lost_wake_up_is_found() => CaughtAsync(log => new LogThatLosesAWakeUp(log), "C12");

    [Fact]
    public Task Deduplication_without_a_look_at_the_content_is_found() => CaughtAsync(log => new LogThatDoesNotCompareTexts(log), "C3");

    [Fact]
    public async Task A_resume_that_ignores_the_log_id_is_found()
    {
        await using var server = await ChatServer.StartAsync(
            Set, addServices: services => services.AddSingleton<IStartupFilter>(new HeaderStripper("log-id")));

        Assert.Contains("C6", await BrokenByAsync(server));
    }

    private static async Task HastyAsync(bool acks, bool delivers, params string[] rules)
    {
        var hasty = new HastyLog(acks, delivers);
        await using var server = await ChatServer.StartAsync(hasty.BeforeCommit, Set);
        server.ExpectErrors();
        hasty.Rooms = server.Rooms;

        Assert.Superset(rules.ToHashSet(), (await BrokenByAsync(server)).ToHashSet());
    }

    private static async Task CaughtAsync(Func<IMessageLog, IMessageLog> damage, params string[] rules)
    {
        await using var server = await ChatServer.StartAsync(
            Set, openLog: data => damage(TestLog.Open(data, new LogOptions())));
        server.ExpectErrors();

        Assert.Superset(rules.ToHashSet(), (await BrokenByAsync(server)).ToHashSet());
    }

    // Clients come back at once, so that the load stays short.
    private static void Set(ChatOptions options) => options.ReconnectSpread = TimeSpan.FromMilliseconds(50);

    private static async Task<string[]> BrokenByAsync(ChatServer server)
    {
        var run = new LoadRun(new LoadOptions
        {
            Addresses = [server.Address],
            Clients = 8,
            Rooms = 2,
            Duration = TimeSpan.FromSeconds(2),
            Rate = 1500,
            Seed = 1,
            SettleLimit = TimeSpan.FromSeconds(3),
        });
        await run.RunAsync(faults: null, CancellationToken.None);
        return [.. Checker.Check(run.Recording).Where(verdict => !verdict.IsOk).Select(verdict => verdict.Rule)];
    }
}
