using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Sessions;

/// <summary>Promise 6: who comes back gets n+1 next, or is told GAP or RESET first.</summary>
public sealed class ResumeTests
{
    [Fact]
    public async Task A_client_that_comes_back_gets_exactly_what_it_missed()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 10);
        string logId;
        await using (var before = await server.JoinAsync("ann"))
        {
            await before.UntilAsync(c => c.CaughtUp.Count == 1);
            logId = before.Joined[0].LogId;
        }

        await using var after = await server.JoinAsync("ann", "lobby", "last-seen-id", "7", "log-id", logId);
        await after.UntilAsync(c => c.CaughtUp.Count == 1);

        Assert.Equal([8, 9, 10], after.Ids());
        Assert.Equal((7, Resume.Complete), (after.Joined[0].AfterId, after.Joined[0].Resume));
        Assert.Equal(10, after.CaughtUp[0].Id);
    }

    [Fact]
    public async Task Two_drops_in_a_row_during_one_replay_lose_and_repeat_nothing()
    {
        const int Count = 3000;
        await using var server = await ChatServer.StartAsync();
        await using var proxy = new LoopbackProxy(server.Address);
        await server.FillAsync("lobby", Count, textLength: 200);

        // Each cut falls into the middle of the replay; after the second one the client reads to the end.
        var seen = new List<long>();
        string logId = "";
        foreach (var cut in (long[])[150_000, 100_000, long.MaxValue])
        {
            proxy.CutAfter(cut);
            using var channel = server.OpenChannel(proxy.Address);
            await using var call = new ChatCall(
                channel, "user", "ann", "last-seen-id", $"{seen.LastOrDefault()}", "log-id", logId);
            try
            {
                await call.UntilAsync(c => c.CaughtUp.Count == 1);
            }
            catch (RpcException)
            {
                Assert.NotEmpty(call.Messages);
            }

            Assert.Equal(Resume.Complete, call.Joined[0].Resume);
            logId = call.Joined[0].LogId;
            seen.AddRange(call.Ids());
        }

        Assert.Equal(2, proxy.Cuts);
        Assert.Equal(Enumerable.Range(1, Count).Select(id => (long)id), seen);
    }

    [Fact]
    public async Task A_resume_before_the_first_message_gets_the_first_message()
    {
        await using var server = await ChatServer.StartAsync();
        await using var reader = await server.JoinAsync("ann", "empty", "last-seen-id", "0");
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);
        Assert.Equal(
            new Joined
            {
                Room = "empty",
                LogId = server.Log.LogId,
                AfterId = 0,
                OldestId = 1,
                HeadId = 0,
                Resume = Resume.Complete,
            },
            reader.Joined[0]);

        await server.FillAsync("empty", 1);
        await reader.UntilAsync(c => c.Messages.Count == 1);
        Assert.Equal([1], reader.Ids("empty"));
    }

    [Theory]
    [InlineData("11", "", Resume.Reset, 0)] // ahead of the log
    [InlineData("9223372036854775807", "", Resume.Reset, 0)]
    [InlineData("4", "another-log", Resume.Reset, 0)]
    [InlineData("10", "", Resume.Complete, 10)]
    [InlineData("0", "", Resume.Complete, 0)]
    [InlineData("latest", "another-log", Resume.Complete, 10)] // the log id is not looked at
    public async Task A_join_starts_where_the_table_says(string lastSeen, string logId, Resume resume, long after)
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 10);

        await using var reader = await server.JoinAsync("ann", "lobby", "last-seen-id", lastSeen, "log-id", logId);
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);

        Assert.Equal((resume, after), (reader.Joined[0].Resume, reader.Joined[0].AfterId));
        Assert.Equal(Enumerable.Range(1, 10).Select(id => (long)id).Where(id => id > after), reader.Ids());
    }

    [Fact]
    public async Task A_limit_on_the_replay_cuts_it_to_the_newest_and_says_so()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 10);

        await using var asked = await server.JoinAsync("ann", "lobby", "last-seen-id", "2", "replay-limit", "3");
        await using var first = await server.JoinAsync("bob", "lobby", "replay-limit", "3");
        await asked.UntilAsync(c => c.CaughtUp.Count == 1);
        await first.UntilAsync(c => c.CaughtUp.Count == 1);

        Assert.Equal([8, 9, 10], asked.Ids());
        Assert.Equal(Resume.Gap, asked.Joined[0].Resume);
        Assert.Equal([8, 9, 10], first.Ids());
        Assert.Equal(Resume.Complete, first.Joined[0].Resume);
    }

    [Fact]
    public async Task Without_a_position_everything_that_is_kept_follows()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 1500);
        await using var reader = await server.JoinAsync("ann");

        await reader.UntilAsync(c => c.CaughtUp.Count == 1);

        Assert.Equal(Enumerable.Range(1, 1500).Select(id => (long)id), reader.Ids());
    }

    [Fact]
    public async Task A_log_that_was_replaced_resets_the_position()
    {
        string oldLog;
        await using (var old = await ChatServer.StartAsync())
        {
            await old.FillAsync("lobby", 5);
            oldLog = old.Log.LogId;
        }

        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("lobby", 7);
        await using var reader = await server.JoinAsync("ann", "lobby", "last-seen-id", "5", "log-id", oldLog);
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);

        Assert.Equal(Resume.Reset, reader.Joined[0].Resume);
        Assert.NotEqual(oldLog, reader.Joined[0].LogId);
        Assert.Equal(7, reader.Messages.Count);
    }

    [Fact]
    public async Task A_position_outlives_a_restart_of_the_service()
    {
        using var data = new TempDirectory();
        string logId;
        await using (var first = await ChatServer.StartAsync(directory: data.Path))
        {
            await first.FillAsync("lobby", 5);
            logId = first.Log.LogId;
        }

        await using var second = await ChatServer.StartAsync(directory: data.Path);
        await using var reader = await second.JoinAsync("ann", "lobby", "last-seen-id", "3", "log-id", logId);
        await reader.UntilAsync(c => c.CaughtUp.Count == 1);

        Assert.Equal(Resume.Complete, reader.Joined[0].Resume);
        Assert.Equal([4, 5], reader.Ids());
    }
}
