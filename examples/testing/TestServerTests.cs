using Grpc.Net.Client;
using GrpcChat.Client;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Examples.Testing;

public sealed class TestServerTests
{
    [Fact]
    public async Task An_order_is_stored_without_a_socket()
    {
        var data = Directory.CreateTempSubdirectory("chat-");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        builder.Services.AddGrpcChat(chat => chat.Data = data.FullName);
        await using (var app = builder.Build())
        {
            app.MapGrpcChat();
            await app.StartAsync();
            using var handler = app.GetTestServer().CreateHandler();
            using var channel = GrpcChannel.ForAddress("http://localhost", new() { HttpHandler = handler });

            var id = await new OrderNotifier(new ChatService.ChatServiceClient(channel)).ShippedAsync("4711");

            Assert.Equal(1, id);
        }

        data.Delete(recursive: true);
    }

    [Fact]
    public async Task The_client_library_needs_no_socket()
    {
        var data = Directory.CreateTempSubdirectory("chat-");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        builder.Services.AddGrpcChat(chat => chat.Data = data.FullName);
        await using (var app = builder.Build())
        {
            app.MapGrpcChat();
            await app.StartAsync();
            using var handler = app.GetTestServer().CreateHandler();
            using var channel = GrpcChannel.ForAddress("http://localhost", new() { HttpHandler = handler });
            await using var client = ChatClient.Open(new ChatClientOptions { User = "test", Channel = channel });

            var sent = await client.SendAsync("orders", "Order 4711 has shipped.");

            Assert.Equal(1, sent.Id);
        }

        data.Delete(recursive: true);
    }
}
