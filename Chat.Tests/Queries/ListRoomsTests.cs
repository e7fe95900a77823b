using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Queries;

/// <summary>Paging through the rooms.</summary>
public sealed class ListRoomsTests
{
    [Fact]
    public async Task Rooms_come_by_name_with_their_newest_id_and_its_time()
    {
        await using var server = await ChatServer.StartAsync();
        await server.FillAsync("ops", 3);
        await server.FillAsync("dev", 2);
        await using var reader = await server.JoinAsync("bob", "empty");

        var rooms = (await server.Client("bob").ListRoomsAsync(new ListRoomsRequest())).Rooms;
        var newest = (await server.Client("bob").ListMessagesAsync(new ListMessagesRequest { Room = "ops", PageSize = 1 })).Messages.Single();

        Assert.Equal([("dev", 2), ("ops", 3)], rooms.Select(room => (room.Name, room.HeadId)));
        Assert.Equal(newest.SentAt, rooms[1].LastMessageAt);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(0)]
    [InlineData(250)]
    [InlineData(1000)]
    public async Task Pages_hold_every_room_once_in_the_order_of_their_bytes(int size)
    {
        string[] names = [.. Enumerable.Range(1, 245).Select(n => $"r{n}"), "a", "a-b", "a.b", "a_b", "0"];
        await using var server = await ChatServer.StartAsync();
        await using var ann = server.Open("ann", "room", "-");
        foreach (var chunk in names.Chunk(50))
        {
            await ann.WriteAsync(new ChatRequest
            {
                Sends = { chunk.Select(name => new Send { Room = name, ClientOffset = "k", Text = "t" }) },
            });
        }

        await ann.UntilAsync(c => c.Acks.Count == names.Length);
        var (listed, pages) = (new List<string>(), 0);
        var request = new ListRoomsRequest { PageSize = size };
        do
        {
            var page = await server.Client("bob").ListRoomsAsync(request);
            Assert.InRange(page.Rooms.Count, 1, size == 0 ? 100 : size);
            listed.AddRange(page.Rooms.Select(room => room.Name));
            request.PageToken = page.NextPageToken;
            pages++;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(names.Order(StringComparer.Ordinal), listed);
        var full = size == 0 ? 100 : size;
        Assert.Equal((names.Length + full - 1) / full, pages);
    }

    [Theory]
    [InlineData("page_size", -1, "")]
    [InlineData("page_size", 1001, "")]
    [InlineData("page_token", 0, "No Token")]
    public async Task What_is_out_of_range_is_INVALID_ARGUMENT_with_its_field(string field, int size, string token)
    {
        await using var server = await ChatServer.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Client("bob").ListRoomsAsync(
            new ListRoomsRequest { PageSize = size, PageToken = token }));

        Assert.Equal((StatusCode.InvalidArgument, "INVALID"), (error.StatusCode, ChatError.Of(error).Reason));
        Assert.Equal(field, ChatError.Of(error).Violations.Single().Field);
    }

    [Fact]
    public async Task A_service_without_rooms_has_an_empty_list()
    {
        await using var server = await ChatServer.StartAsync();
        Assert.Equal(new ListRoomsResponse(), await server.Client("bob").ListRoomsAsync(new ListRoomsRequest()));
    }
}
