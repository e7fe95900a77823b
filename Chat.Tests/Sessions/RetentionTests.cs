using Grpc.Core;
using GrpcChat.AspNetCore.Hosting;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Sessions;

/// <summary>Promise 6 where messages are removed: a stream that is overtaken is told GAP first, and nobody meets a hole.</summary>
public sealed class RetentionTests : IAsyncDisposable
{
    private ChatServer? server;

    private HookedLog Log => Server.Hooks;

    private ChatServer Server => server!;

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_stream_whose_next_messages_are_removed_before_it_reads_them_is_told_and_goes_on()
    {
        await StartAsync(10);
        Log.BeforeNextRead = () => TrimAsync(6);

        await using var ann = Server.Open("ann", "last-seen-id", "2", "log-id", Server.LogId);
        await ann.UntilAsync(call => call.CaughtUp.Count == 1);

        Assert.Equal(
            [(2, 1, 10, Resume.Complete), (6, 7, 10, Resume.Gap)],
            ann.Joined.Select(joined => (joined.AfterId, joined.OldestId, joined.HeadId, joined.Resume)));
        Assert.Equal([7, 8, 9, 10], ann.Ids());
        await Server.SendOnceAsync("bob", "lobby", "new", "new");
        await ann.UntilAsync(call => call.Ids().Contains(11));
        Assert.Equal([7, 8, 9, 10, 11], ann.Ids());
        Assert.Single(ann.CaughtUp);
    }

    [Fact]
    public async Task A_stream_that_is_overtaken_in_the_middle_of_a_replay_is_told_and_goes_on()
    {
        await StartAsync(2_000);
        Log.AfterNextRead = () => TrimAsync(1_500);

        await using var ann = Server.Open("ann");
        await ann.UntilAsync(call => call.CaughtUp.Count == 1);

        var before = ann.Ids().TakeWhile(id => id <= 1_500).ToList();
        Assert.Equal(Enumerable.Range(1, before.Count).Select(id => (long)id), before);
        Assert.InRange(before.Count, 1, 1_000);
        Assert.Equal(Enumerable.Range(1_501, 500).Select(id => (long)id), ann.Ids().Skip(before.Count));
        Assert.Equal([(0, Resume.Complete), (1_500, Resume.Gap)], ann.Joined.Select(joined => (joined.AfterId, joined.Resume)));
    }

    [Fact]
    public async Task What_the_log_has_removed_is_not_delivered_from_memory()
    {
        await StartAsync(0);
        await using var ann = await Server.JoinAsync("ann");
        await using var bob = Server.Open("bob", "room", "-");
        await bob.SendManyAsync("lobby", Enumerable.Range(1, 10).Select(n => ($"{n}", $"{n}")));
        await ann.UntilAsync(call => call.Messages.Count == 10);
        var hits = TailHits();

        // Her position is decided; then the messages after it are removed. They are still in the tail.
        Log.AfterNextBounds = () => TrimAsync(5);
        await ann.JoinAsync(new Join { Room = "lobby", AfterId = 2, LogId = Server.LogId });
        await ann.UntilAsync(call => call.CaughtUp.Count == 2);

        Assert.Equal(
            [(0, Resume.Complete), (2, Resume.Complete), (5, Resume.Gap)],
            ann.Joined.Select(joined => (joined.AfterId, joined.Resume)));
        Assert.Equal([6, 7, 8, 9, 10], ann.Ids().Skip(10));
        Assert.True(TailHits() > hits);

        long TailHits()
        {
            using var reads = Server.Measure<long>("chat.tail.reads");
            reads.RecordObservableInstruments();
            return reads.GetMeasurementSnapshot().Last(value => value.Tags["chat.tail.hit"] is true).Value;
        }
    }

    [Theory]
    [InlineData(395)]
    [InlineData(400)]
    public async Task A_stream_that_is_overtaken_after_its_requests_are_complete_gets_what_is_left_of_that_moment_and_ends(long through)
    {
        await StartAsync(0);
        await Server.FillAsync("lobby", 400, textLength: 4_000);
        await using var ann = Server.Open("ann");
        await ann.CompleteAsync();

        // She reads nothing yet, so the service knows that her requests are complete before it reads on.
        await Server.UntilAFrameIsStuckAsync();
        Log.BeforeNextRead = async () =>
        {
            await TrimAsync(through);
            await Server.SendOnceAsync("bob", "lobby", "later", "later");
        };
        Assert.Equal(StatusCode.OK, (await ann.ToEndAsync()).StatusCode);

        var before = ann.Ids().TakeWhile((id, index) => id == index + 1).Count();
        Assert.InRange(before, 1, 394);
        Assert.Equal(Enumerable.Range((int)through + 1, 400 - (int)through).Select(id => (long)id), ann.Ids().Skip(before));
        Assert.Equal([(0, Resume.Complete), (through, Resume.Gap)], ann.Joined.Select(joined => (joined.AfterId, joined.Resume)));
        Assert.Equal((through + 1, 400), (ann.Joined[1].OldestId, ann.Joined[1].HeadId));
        Assert.Equal(400, Assert.Single(ann.CaughtUp).Id);
    }

    [Theory]
    [InlineData("", 6, Resume.Complete)]
    [InlineData("0", 6, Resume.Gap)]
    [InlineData("5", 6, Resume.Gap)]
    [InlineData("6", 6, Resume.Complete)]
    [InlineData("8", 8, Resume.Complete)]
    [InlineData("11", 6, Resume.Reset)]
    [InlineData("latest", 10, Resume.Complete)]
    public async Task A_join_of_a_room_that_begins_after_1_starts_where_the_table_says(string asked, long after, Resume resume)
    {
        await StartAsync(10);
        await TrimAsync(6);

        await using var ann = Server.Open("ann", asked.Length == 0 ? [] : ["last-seen-id", asked, "log-id", Server.LogId]);
        await ann.UntilAsync(call => call.CaughtUp.Count == 1);

        var joined = Assert.Single(ann.Joined);
        Assert.Equal((after, 7, 10, resume), (joined.AfterId, joined.OldestId, joined.HeadId, joined.Resume));
        Assert.Equal(Enumerable.Range((int)after + 1, 10 - (int)after).Select(id => (long)id), ann.Ids());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_page_whose_messages_are_removed_while_it_is_read_begins_with_the_oldest(bool forwards)
    {
        await StartAsync(100);
        Log.BeforeNextRead = () => TrimAsync(60);
        var request = new ListMessagesRequest { Room = "lobby", PageSize = 90 };
        if (forwards)
        {
            request.AfterId = 10;
        }

        var page = await Server.Client("ann").ListMessagesAsync(request);

        Assert.Equal((61, 100), (page.OldestId, page.HeadId));
        Assert.Equal(Enumerable.Range(61, 40).Select(id => (long)id), page.Messages.Select(message => message.Id));
    }

    [Fact]
    public async Task A_room_without_messages_is_listed_without_a_time_and_its_page_is_empty()
    {
        await StartAsync(5);
        await TrimAsync(5);

        var room = Assert.Single((await Server.Client("ann").ListRoomsAsync(new ListRoomsRequest())).Rooms);
        var page = await Server.Client("ann").ListMessagesAsync(new ListMessagesRequest { Room = "lobby" });

        Assert.Equal(("lobby", 5, null), (room.Name, room.HeadId, room.LastMessageAt));
        Assert.Equal((6, 5, 0), (page.OldestId, page.HeadId, page.Messages.Count));
        Assert.Equal(6, (await Server.SendOnceAsync("ann", "lobby", "new", "new")).Id);
    }

    [Fact]
    public async Task The_options_remove_old_messages_at_the_start_and_every_ten_minutes_and_a_metric_counts_them()
    {
        var time = new ManualTime();
        using var data = new TempDirectory();
        await using (var before = await ChatServer.StartAsync(directory: data.Path, time: time))
        {
            await before.FillAsync("lobby", 10);
        }

        await using var running = await ChatServer.StartAsync(
            options => options.KeepMessagesPerRoom = 7, data.Path, time: time);
        await time.UntilDueAsync(Retention.Interval);
        using var trimmed = running.Measure<long>("chat.log.trimmed");
        Assert.Equal(new RoomBounds(4, 10), await running.Log.BoundsAsync("lobby"));
        Assert.Equal(7, running.Log.Size.Messages);

        for (var n = 0; n < 3; n++)
        {
            await running.SendOnceAsync("ann", "lobby", $"{n}", "text");
        }

        time.Advance(Retention.Interval);
        await time.UntilDueAsync(Retention.Interval);

        Assert.Equal(new RoomBounds(7, 13), await running.Log.BoundsAsync("lobby"));
        Assert.Equal(3, trimmed.GetMeasurementSnapshot().Sum(value => value.Value));
    }

    [Fact]
    public async Task Without_limits_nothing_is_removed()
    {
        await StartAsync(3);

        Assert.Equal(new RoomBounds(1, 3), await Log.BoundsAsync("lobby"));
    }

    private async Task StartAsync(int messages)
    {
        server = await ChatServer.StartHookedAsync();
        if (messages > 0)
        {
            await server.FillAsync("lobby", messages);
        }
    }

    private Task TrimAsync(long through) => Server.TrimAsync("lobby", through);
}
