using GrpcChat.Client;
using GrpcChat.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>The client in dependency injection.</summary>
public sealed class ServicesTests : LibraryTest
{
    [Fact]
    public async Task There_is_one_client_and_it_ends_with_the_services()
    {
        await using var server = await ChatServer.StartAsync();
        var log = new LogLines();
        ChatClient client;
        await using (var services = new ServiceCollection()
            .AddSingleton<ILoggerFactory>(log)
            .AddGrpcChatClient(Options(server))
            .AddGrpcChatClient(Options("http://never.invalid"))
            .BuildServiceProvider())
        {
            client = services.GetRequiredService<ChatClient>();
            Assert.Same(client, services.GetRequiredService<ChatClient>());
            Assert.Same(client, services.GetRequiredService<IChatClient>());
            await client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline);
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.SendAsync("ops", "hello"));
        Assert.Contains(log.Lines, line => line.StartsWith("Information Connected to ", StringComparison.Ordinal));

        // The state file is unlocked.
        await ChatClient.Open(Options(server)).DisposeAsync();
    }

    [Fact]
    public async Task Services_that_are_disposed_of_without_await_close_the_client_and_send_what_it_has()
    {
        await using var server = await ChatServer.StartAsync();
        var services = new ServiceCollection().AddGrpcChatClient(Options(server)).BuildServiceProvider();
        var client = services.GetRequiredService<ChatClient>();
        await client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline);
        await client.EnqueueAsync("ops", "last");

        await Task.Run(services.Dispose).WaitAsync(ChatCall.Deadline);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.SendAsync("ops", "late"));
        await using var next = ChatClient.Open(Options(server));
        Assert.Equal(2, (await next.ReadHistoryAsync("ops").WaitAsync(ChatCall.Deadline)).HeadId);
    }

    [Fact]
    public async Task Options_may_need_other_services()
    {
        await using var server = await ChatServer.StartAsync();
        var log = new LogLines();
        await using var services = new ServiceCollection()
            .AddSingleton(server.Address)
            .AddGrpcChatClient(provider => Options($"{provider.GetRequiredService<Uri>()}") with { LoggerFactory = log })
            .BuildServiceProvider();

        await services.GetRequiredService<ChatClient>().SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline);

        Assert.NotEmpty(log.Lines);
    }

    [Fact]
    public void A_wrong_option_ends_the_start_and_not_the_first_use()
    {
        var error = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddGrpcChatClient(Options("nowhere")));
        Assert.Contains("'nowhere'", error.Message, StringComparison.Ordinal);
    }
}
