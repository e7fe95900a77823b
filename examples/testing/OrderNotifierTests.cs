using Grpc.Core;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Examples.Testing;

public sealed class OrderNotifierTests : IAsyncLifetime
{
    private readonly ChatInProcess chat = new();

    public async ValueTask InitializeAsync() => await chat.StartAsync();

    public ValueTask DisposeAsync() => chat.DisposeAsync();

    [Fact]
    public async Task The_room_hears_of_an_order()
    {
        var start = new Metadata { { "user", "reader" }, { "room", "orders" } };
        using var call = chat.Client.Chat(start, deadline: DateTime.UtcNow.AddSeconds(30));

        await new OrderNotifier(chat.Client).ShippedAsync("4711");
        await call.RequestStream.CompleteAsync();
        var messages = new List<Message>();
        await foreach (var response in call.ResponseStream.ReadAllAsync())
        {
            messages.AddRange(response.Messages);
        }

        Assert.Equal("Order 4711 has shipped.", messages.Single().Text);
    }

    [Fact]
    public async Task A_job_that_is_repeated_after_a_restart_tells_the_room_once()
    {
        var first = await new OrderNotifier(chat.Client).ShippedAsync("4711");
        await chat.StopAsync();
        await chat.StartAsync();

        var second = await new OrderNotifier(chat.Client).ShippedAsync("4711");

        var room = await chat.Client.ListMessagesAsync(new ListMessagesRequest { Room = "orders" });
        Assert.Equal(first, second);
        Assert.Single(room.Messages);
    }
}
