using System.Net;
using Chat.AspNetCore.Diagnostics;
using Chat.AspNetCore.Grpc;
using Chat.AspNetCore.Queries;
using Chat.AspNetCore.Rooms;
using Chat.AspNetCore.Sessions;
using Chat.AspNetCore.Storage;
using Chat.AspNetCore.Storage.Sqlite;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.ObjectPool;

namespace Chat.AspNetCore;

/// <summary>Puts the chat into an ASP.NET Core application: what <c>Program</c> does, for everybody who embeds it.</summary>
public static class ChatHosting
{
    // Empty ones, of a few hundred bytes each: as many as are busy at once where many streams follow one room.
    private const int FramesKept = 1024;

    /// <summary>Adds the chat's services and the limits that its streams need of the web server.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="options">What is set; read once.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static IServiceCollection AddChat(this IServiceCollection services, ChatOptions options)
    {
        options.Check();
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<OpenCalls>();
        services.AddSingleton<ChatMetrics>();
        services.AddSingleton(new TailMemory(options.MaxTailBytes, options.MaxTailBytesPerRoom));
        services.AddSingleton<RoomHub>();
        services.AddSingleton<ObjectPool<Frame>>(
            new DefaultObjectPool<Frame>(new DefaultPooledObjectPolicy<Frame>(), FramesKept));
        services.AddSingleton(OpenLog);
        services.AddSingleton<StatusMapper>();
        services.AddSingleton<ChatQueries>();
        services.AddSingleton<UnaryCallHandler>();
        services.AddSingleton<PageLimiter>();
        services.AddSingleton<ChatGrpcService>();
        services.AddSingleton<ServingState>();
        services.AddSingleton<HealthService>();
        services.AddSingleton<SessionHost>();
        services.AddHostedService<MessageLogMonitor>();
        services.AddHostedService<Drain>();
        services.AddGrpc()
            .AddServiceOptions<ChatGrpcService>(chat =>
            {
                chat.MaxReceiveMessageSize = options.MaxRequestBytes;
                chat.CompressionProviders = [new RequestGzip()];
            })
            .AddServiceOptions<HealthService>(health => health.MaxReceiveMessageSize = ReflectionGuard.MaxRequestBytes);
        services.AddGrpcChatReflection();
        services.Configure<KestrelServerOptions>(kestrel => SetLimits(kestrel.Limits, options));

        // The streams give up earlier. Whoever still takes nothing then is cut off; what is left is for cutting off many, and
        // for the process to end within the limit.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainLimit * 0.85);
        return services;
    }

    /// <summary>
    /// Serves the chat's calls, health (<c>grpc.health.v1.Health</c>) and server reflection
    /// (<c>grpc.reflection.v1.ServerReflection</c> and v1alpha), so an application maps no others of these names.
    /// </summary>
    /// <param name="routes">The application.</param>
    /// <returns>
    /// For conventions of the chat's calls. They do not touch health, which probes ask without credentials, nor reflection,
    /// which <see cref="ChatOptions.Reflection"/> switches.
    /// </returns>
    public static GrpcServiceEndpointConventionBuilder MapChat(this IEndpointRouteBuilder routes)
    {
        // Opened here, so that a log which can't be used ends the start and not the first call.
        var log = routes.ServiceProvider.GetRequiredService<IMessageLog>();
        log.Committed += routes.ServiceProvider.GetRequiredService<RoomHub>().OnCommitted;
        routes.MapGrpcChatHealth();
        routes.MapGrpcChatReflection();
        return routes.MapGrpcService<ChatGrpcService>();
    }

    private static IMessageLog OpenLog(IServiceProvider services)
    {
        var options = services.GetRequiredService<ChatOptions>();
        return SqliteMessageLog.Open(options.DataDirectory, new LogOptions
        {
            MaxQueuedSends = options.MaxQueuedSends,
            MaxRooms = options.MaxRooms,
            MaxNewRoomsPerSenderAndMinute = options.MaxNewRoomsPerSenderAndMinute,
            LockTimeout = options.LockTimeout,
            Time = services.GetRequiredService<TimeProvider>(),
        });
    }

    private static void SetLimits(KestrelServerLimits limits, ChatOptions options)
    {
        limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);

        // How much a client may send ahead of us: on one stream, and on a connection, where a few streams that are not
        // read, because their client does not read, must leave enough for the others.
        limits.Http2.InitialStreamWindowSize = 96 * 1024;
        limits.Http2.InitialConnectionWindowSize = 2 * 1024 * 1024;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;

        // A reader that stops would cost its whole connection; the stall limit resets only its stream, and later.
        limits.MinResponseDataRate = null;

        // The same of a request that came in half.
        limits.MinRequestBodyDataRate = null;

        // A frame counts as taken when the half of this is left of it, so it is also how finely progress is seen.
        limits.MaxResponseBufferSize = 16 * 1024;
    }
}
