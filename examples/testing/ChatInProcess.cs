using System.Net;
using Grpc.Net.Client;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GrpcChat.Examples.Testing;

/// <summary>The chat service in the process of the tests, on a free port, with a log of its own.</summary>
public sealed class ChatInProcess : IAsyncDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("chat-");
    private WebApplication? app;
    private GrpcChannel? channel;

    /// <summary>A client of the service that runs now.</summary>
    public ChatService.ChatServiceClient Client => new(channel);

    /// <summary>Starts the service; after <see cref="StopAsync"/> it finds the messages of before.</summary>
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpcChat(chat => chat.Data = data.FullName);

        app = builder.Build();
        app.MapGrpcChat();
        await app.StartAsync();
        channel = GrpcChannel.ForAddress(app.Urls.Single());
    }

    /// <summary>Stops the service; its messages stay.</summary>
    public async Task StopAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            channel!.Dispose();
            await app.DisposeAsync();
            app = null;
        }
    }

    /// <summary>Stops the service and deletes its messages.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        data.Delete(recursive: true);
    }
}
