using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.LocalPostgres;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Postgres;

/// <summary>What one node trims or erases, and the others have in memory or are just reading.</summary>
public sealed class NodesRemovalTests
{
    private readonly string database = PostgresCluster.Shared.CreateDatabase();

    [Fact]
    public async Task A_text_that_one_node_has_erased_is_not_delivered_from_the_memory_of_another()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        await using var follower = await b.JoinAsync("follower");
        await a.FillAsync("lobby", 20);
        await follower.UntilAsync(call => call.Messages.Count == 20);

        for (var id = 1; id <= 20; id++)
        {
            await a.Log.EraseAsync(MessagesToErase.WithIds("lobby", [id]), null, CancellationToken.None);

            await using var late = b.Open("late", "room", "lobby");
            await late.UntilAsync(call => call.CaughtUp.Count == 1);
            Assert.Equal(Enumerable.Range(1, id), late.Messages.Where(message => message.Erased).Select(message => (int)message.Id));
            Assert.All(late.Messages, message => Assert.Equal(message.Erased, message.Text.Length == 0));
        }
    }

    [Fact]
    public async Task A_node_drops_its_copies_of_what_another_has_erased_also_if_nobody_reads_there()
    {
        await using var a = PostgresMessageLog.Open(database);
        await using var b = PostgresMessageLog.Open(database);
        await new RecordingStream(a).SendAsync("room", "1");
        await b.BoundsAsync("room");
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        b.Erased += room => told.TrySetResult(room);

        await a.EraseAsync(MessagesToErase.WithIds("room", [1]), null, CancellationToken.None);

        Assert.Equal("room", await told.Task.WaitAsync(RecordingStream.Deadline));
    }

    [Fact]
    public void What_was_read_or_stored_before_an_erasure_is_not_announced_after_it()
    {
        var announced = new List<long>();
        var feeds = new RoomFeeds(null!, commit => announced.Add(commit.Head), _ => { }, _ => { }, CancellationToken.None);

        feeds.OnErased("room", 1);
        feeds.OnStored("room", new Added(1, 1, null, 0), erasures: 0);
        feeds.OnStored("room", new Added(2, 2, null, 0), erasures: 1);

        Assert.Equal([2], announced);
    }

    [Fact]
    public async Task A_replay_that_the_trim_of_another_node_overtakes_is_told_GAP_and_goes_on()
    {
        await using var a = await StartNodeAsync();
        await using var b = await ChatServer.StartAsync(openLog: _ => new HookedLog(PostgresMessageLog.Open(database)));
        await a.FillAsync("lobby", 2_000);
        b.Hooks.AfterNextRead = () => a.TrimAsync("lobby", 1_500);

        await using var ann = b.Open("ann", "room", "lobby");
        await ann.UntilAsync(call => call.CaughtUp.Count == 1);

        var before = ann.Ids().TakeWhile(id => id <= 1_500).ToList();
        Assert.Equal(Enumerable.Range(1, before.Count).Select(id => (long)id), before);
        Assert.Equal(Enumerable.Range(1_501, 500).Select(id => (long)id), ann.Ids().Skip(before.Count));
        Assert.Equal([(0, Resume.Complete), (1_500, Resume.Gap)], ann.Joined.Select(joined => (joined.AfterId, joined.Resume)));
        Assert.Null(b.Log.Health.ReadProblem);
    }

    [Fact]
    public async Task A_page_that_the_trim_of_another_node_overtakes_is_a_page_of_what_is_left()
    {
        await using var a = await StartNodeAsync();
        await using var b = await ChatServer.StartAsync(openLog: _ => new HookedLog(PostgresMessageLog.Open(database)));
        await a.FillAsync("lobby", 100);
        b.Hooks.BeforeNextRead = () => a.TrimAsync("lobby", 90);

        var page = await b.Client("ann").ListMessagesAsync(new ListMessagesRequest { Room = "lobby" });

        Assert.Equal(Enumerable.Range(91, 10).Select(id => (long)id), page.Messages.Select(message => message.Id));
    }

    [Fact]
    public async Task A_follower_is_told_of_messages_that_were_removed_before_its_node_has_seen_them()
    {
        await using var a = await StartNodeAsync();
        await a.FillAsync("lobby", 3);
        await using var reader = await a.JoinAsync("reader");
        await reader.UntilAsync(call => call.CaughtUp.Count == 1);

        // Another node has stored seven messages, and removed all: the node of the reader finds both at once.
        PostgresCluster.Execute(
            database,
            "WITH gone AS (DELETE FROM grpcchat.message) UPDATE grpcchat.room SET last_id = 10, oldest_id = 11 WHERE name = 'lobby'");

        await reader.UntilAsync(call => call.Joined.Count == 2);
        Assert.Equal((10, Resume.Gap), (reader.Joined[1].AfterId, reader.Joined[1].Resume));
        await a.SendOnceAsync("ann", "lobby", "new", "new");
        await reader.UntilAsync(call => call.Messages.Count == 4);
        Assert.Equal([1, 2, 3, 11], reader.Ids());
        Assert.Null(a.Log.Health.ReadProblem);
    }

    [Fact]
    public async Task Two_nodes_that_trim_at_the_same_time_keep_exactly_what_the_limits_say()
    {
        await using var a = PostgresMessageLog.Open(database);
        await using var b = PostgresMessageLog.Open(database);
        var maintenance = new[] { a, b }.Select(log => new MessageLogMaintenance(log, TimeProvider.System, ownsLog: false)).ToList();
        var limits = new TrimLimits { KeepBytes = 50_000, KeepMessages = 600 };
        var text = new string('x', 100);
        for (var round = 1; round <= 3; round++)
        {
            foreach (var room in (string[])["one", "two"])
            {
                var stream = new RecordingStream(round % 2 == 0 ? a : b);
                for (var n = 0; n < 1_500; n++)
                {
                    await stream.HandOverAsync(room, $"{round}-{n}", text);
                }

                await stream.AnswersAsync(1_500);
            }

            await Task.WhenAll(maintenance.Select(node => Task.Run(async () =>
            {
                await foreach (var step in node.TrimAsync(limits))
                {
                    Assert.InRange(step.Removed, 1, 1_500);
                }
            }))).WaitAsync(RecordingStream.Deadline);

            foreach (var room in (string[])["one", "two"])
            {
                Assert.Equal(new RoomBounds((round * 1_500) - 499, round * 1_500), await a.BoundsAsync(room));
                Assert.Equal(500L, PostgresCluster.Execute(
                    database, $"SELECT count(*) FROM grpcchat.message JOIN grpcchat.room USING (room_id) WHERE name = '{room}'"));
            }
        }
    }

    [Fact]
    public async Task Retention_of_two_nodes_does_no_harm_to_readers_and_senders()
    {
        await using (var filling = await StartNodeAsync())
        {
            await filling.FillAsync("lobby", 3_000);
        }

        var nodes = await Task.WhenAll(StartNodeAsync(Keep100), StartNodeAsync(Keep100));
        await using var a = nodes[0];
        await using var b = nodes[1];
        await using var readers = await b.JoinAsync("reader");
        await using var sender = a.Open("ann", "room", "-");
        await sender.SendManyAsync("lobby", Enumerable.Range(1, 50).Select(n => ($"new-{n}", $"{n}")));
        await readers.UntilAsync(call => call.Ids().Contains(3_050));
        await UntilTrimmedAsync(a.Log);

        // Every hole is one that the reader was told of.
        var expected = readers.Joined[0].AfterId + 1;
        foreach (var id in readers.Ids())
        {
            expected = readers.Joined.Any(joined => joined.AfterId + 1 == id) ? id : expected;
            Assert.Equal(expected++, id);
        }

        Assert.Equal((null, null), (a.Log.Health.ReadProblem, b.Log.Health.ReadProblem));
        Assert.Equal(50, sender.Acks.Count);

        static void Keep100(ChatOptions options) => options.KeepMessagesPerRoom = 100;
    }

    // What came while the nodes removed what was too much stays until they look again.
    private static async Task UntilTrimmedAsync(IMessageLog log)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); (await log.BoundsAsync("lobby")).Oldest < 2_901; await Task.Delay(20))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < RecordingStream.Deadline, "Nothing is removed.");
        }
    }

    private Task<ChatServer> StartNodeAsync(Action<ChatOptions>? set = null) =>
        ChatServer.StartAsync(set, openLog: _ => PostgresMessageLog.Open(database));
}
