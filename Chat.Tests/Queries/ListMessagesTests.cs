using Google.Protobuf;
using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Queries;

/// <summary>Paging through a room's history, in both directions.</summary>
public sealed class ListMessagesTests
{
    private const int MaxPageBytes = 1024 * 1024;

    [Fact]
    public async Task A_page_holds_the_messages_as_a_stream_delivers_them()
    {
        await using var server = await ChatServer.StartAsync();
        await server.SendOnceAsync("Zoë", "ops", "é-1", "naïve 👋");
        await using var bob = await server.JoinAsync("bob", "ops");
        await bob.UntilAsync(c => c.Messages.Count == 1);

        var page = await server.Client("bob").ListMessagesAsync(new ListMessagesRequest { Room = "ops" });

        Assert.Equal(bob.Messages, page.Messages);
        Assert.Equal((bob.Joined[0].LogId, 1, 1), (page.LogId, page.OldestId, page.HeadId));
    }

    [Fact]
    public async Task Without_a_position_the_newest_hundred_come_oldest_first()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 250);

        var page = await server.Client("bob").ListMessagesAsync(new ListMessagesRequest { Room = "ops" });

        Assert.Equal(Ids(151, 250), page.Messages.Select(message => message.Id));
        Assert.Equal((1, 250), (page.OldestId, page.HeadId));
    }

    public static TheoryData<long?, long?, int, long, long> Pages => new()
    {
        { 0, null, 3, 1, 3 },
        { 4, null, 3, 5, 7 },
        { 8, null, 3, 9, 10 },
        { 10, null, 3, 1, 0 },
        { 11, null, 3, 1, 0 },
        { long.MaxValue, null, 3, 1, 0 },
        { null, long.MaxValue, 3, 8, 10 },
        { null, 11, 3, 8, 10 },
        { null, 8, 3, 5, 7 },
        { null, 3, 3, 1, 2 },
        { null, 1, 3, 1, 0 },
        { null, 0, 3, 1, 0 },
        { 0, null, 1000, 1, 10 },
        { null, 11, 1000, 1, 10 },
        { null, null, 1, 10, 10 },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_begins_next_to_its_exclusive_position(long? after, long? before, int size, long first, long last)
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 10);
        var request = new ListMessagesRequest { Room = "ops", PageSize = size };
        if (after is not null)
        {
            request.AfterId = after.Value;
        }

        if (before is not null)
        {
            request.BeforeId = before.Value;
        }

        var page = await server.Client("bob").ListMessagesAsync(request);

        Assert.Equal(Ids(first, last), page.Messages.Select(message => message.Id));
        Assert.Equal(10, page.HeadId);
    }

    [Theory]
    [InlineData(7, 0)]
    [InlineData(64, 0)]
    [InlineData(1000, 0)]
    [InlineData(1000, 16_000)]
    [InlineData(70, 15_990)]
    public async Task Pages_one_after_the_other_hold_everything_once_in_both_directions(int size, int textLength)
    {
        const int Count = 1100;
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", Count, textLength);
        var client = server.Client("bob");
        var (forwards, backwards) = (new List<long>(), new List<long>());

        while (forwards.Count < Count)
        {
            var page = await PageAsync(new ListMessagesRequest { AfterId = forwards.LastOrDefault() });
            forwards.AddRange(page);
        }

        while (backwards.Count < Count)
        {
            var page = await PageAsync(new ListMessagesRequest { BeforeId = backwards.Count == 0 ? Count + 1 : backwards[0] });
            backwards.InsertRange(0, page);
        }

        Assert.Equal(Ids(1, Count), forwards);
        Assert.Equal(Ids(1, Count), backwards);

        async Task<IEnumerable<long>> PageAsync(ListMessagesRequest request)
        {
            (request.Room, request.PageSize) = ("ops", size);
            var page = await client.ListMessagesAsync(request);
            var bytes = new ListMessagesResponse { Messages = { page.Messages } }.CalculateSize();
            Assert.InRange(page.Messages.Count, 1, size);
            Assert.InRange(bytes, 1, MaxPageBytes);

            // Not cut before it is full: one more message would not fit, or there is none.
            var ends = forwards.Count + page.Messages.Count == Count || backwards.Count + page.Messages.Count == Count;
            Assert.True(ends || page.Messages.Count == size || bytes + (bytes / page.Messages.Count) > MaxPageBytes - 64);
            return page.Messages.Select(message => message.Id);
        }
    }

    [Fact]
    public async Task An_unknown_room_is_empty_and_stays_unknown()
    {
        await using var server = await ChatServer.StartAsync();

        var page = await server.Client("bob").ListMessagesAsync(new ListMessagesRequest { Room = "nowhere" });

        Assert.Equal(new ListMessagesResponse { LogId = server.Log.LogId, OldestId = 1 }, page);
        Assert.Equal(0, server.Log.Size.Rooms);
    }

    public static TheoryData<string, ListMessagesRequest> Invalid => new()
    {
        { "room", new ListMessagesRequest() },
        { "room", new ListMessagesRequest { Room = "Ops" } },
        { "before_id", new ListMessagesRequest { Room = "ops", AfterId = 1, BeforeId = 2 } },
        { "before_id", new ListMessagesRequest { Room = "ops", AfterId = 0, BeforeId = 0 } },
        { "after_id", new ListMessagesRequest { Room = "ops", AfterId = -1 } },
        { "before_id", new ListMessagesRequest { Room = "ops", BeforeId = -1 } },
        { "page_size", new ListMessagesRequest { Room = "ops", PageSize = -1 } },
        { "page_size", new ListMessagesRequest { Room = "ops", PageSize = 1001 } },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public async Task What_is_out_of_range_is_INVALID_ARGUMENT_with_its_field(string field, ListMessagesRequest request)
    {
        await using var server = await ChatServer.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Client("bob").ListMessagesAsync(request));

        Assert.Equal((StatusCode.InvalidArgument, "INVALID"), (error.StatusCode, ChatError.Of(error).Reason));
        Assert.Equal(field, ChatError.Of(error).Violations.Single().Field);
        Assert.Contains(field, error.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("-1 or more", error.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200)] // the head
    [InlineData(136)] // the last of a step backwards from the head
    [InlineData(150)]
    [InlineData(101)]
    public async Task A_missing_message_is_DATA_LOSS_and_no_silent_gap_in_either_direction(int missing)
    {
        using var data = new TempDirectory();
        await using (var before = await ChatServer.StartAsync(directory: data.Path))
        {
            await before.FillAsync("ops", 200);
        }

        Assert.Equal(1, TestLog.LoseMessages(data.Path, missing));

        await using var server = await ChatServer.StartAsync(directory: data.Path);
        server.ExpectErrors();
        foreach (var request in (ListMessagesRequest[])
            [new() { Room = "ops", PageSize = 150 }, new() { Room = "ops", AfterId = 90, PageSize = 150 }])
        {
            var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Client("bob").ListMessagesAsync(request));
            Assert.Equal((StatusCode.DataLoss, "LOG_DAMAGED"), (error.StatusCode, ChatError.Of(error).Reason));
        }
    }

    [Fact]
    public async Task Another_log_id_is_FAILED_PRECONDITION_and_the_right_one_is_not()
    {
        await using var server = await ChatServer.StartAsync();
        var client = server.Client("bob");

        var error = await Assert.ThrowsAsync<RpcException>(async () => await client.ListMessagesAsync(
            new ListMessagesRequest { Room = "ops", AfterId = 1, LogId = "another" }));
        await client.ListMessagesAsync(new ListMessagesRequest { Room = "ops", AfterId = 1, LogId = server.Log.LogId });

        Assert.Equal((StatusCode.FailedPrecondition, "LOG_CHANGED"), (error.StatusCode, ChatError.Of(error).Reason));
        Assert.Contains("another", error.Status.Detail, StringComparison.Ordinal);
    }

    private static IEnumerable<long> Ids(long first, long last) =>
        Enumerable.Range((int)first, (int)(last - first + 1)).Select(id => (long)id);
}
