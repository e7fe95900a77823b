using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chat.Tests.StandIns;

/// <summary>
/// The genuine server with methods that a test makes by hand, and the genuine client, over real HTTP/2.
/// </summary>
internal sealed class TextServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private TextServer(WebApplication app)
    {
        this.app = app;
        Channel = GrpcChannel.ForAddress(Address);
    }

    public string Address => app.Urls.Single();

    public GrpcChannel Channel { get; }

    public CallInvoker Invoker => Channel.CreateCallInvoker();

    /// <param name="addMethods">Adds the methods of <see cref="TextMethods"/> that the test needs.</param>
    /// <param name="set">Changes the server's options.</param>
    public static Task<TextServer> StartAsync(
        Action<ServerServiceDefinition.Builder> addMethods,
        Action<GrpcServiceOptions>? set = null)
    {
        var builder = ServerServiceDefinition.CreateBuilder();
        addMethods(builder);
        return StartAsync(app => app.MapGrpcService(builder.Build()), set);
    }

    /// <summary>A server with one method, which is answered by a function.</summary>
    public static Task<TextServer> StartAsync(
        UnaryServerMethod<string, string> unary,
        Action<GrpcServiceOptions>? set = null) =>
        StartAsync(methods => methods.AddMethod(TextMethods.Unary, unary), set);

    /// <summary>A server with a service that is created for each call.</summary>
    public static Task<TextServer> StartAsync<TService>()
        where TService : class =>
        StartAsync(app => app.MapGrpcService<TService>(), null);

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private static async Task<TextServer> StartAsync(Action<WebApplication> map, Action<GrpcServiceOptions>? set)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc(options => set?.Invoke(options));
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return new TextServer(app);
    }
}
