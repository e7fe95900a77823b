using Grpc.AspNetCore.Server;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Grpc;
using GrpcChat.AspNetCore.Hosting;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Queries;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.ObjectPool;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the chat to an application's services.</summary>
public static class GrpcChatServiceCollectionExtensions
{
    // Empty frames of a few hundred bytes each: as many as are busy at once where many streams follow one room.
    private const int PooledFrames = 1024;

    /// <summary>
    /// Adds the chat. Map it with <c>app.MapGrpcChat()</c>. The application keeps its own limits:
    /// <c>UseGrpcChatLimits()</c> and <c>UseGrpcChatShutdownTimeout()</c> set those that the chat recommends.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">
    /// Sets options. <see cref="ChatOptions.Data"/> must be set, here or elsewhere. The start fails with an
    /// <see cref="OptionsValidationException"/> if an option is out of range, and with a <see cref="LogOpenException"/>
    /// if the message log cannot be opened.
    /// </param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddGrpcChat(this IServiceCollection services, Action<ChatOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.Configure(configure);
        return services.AddGrpcChat();
    }

    /// <summary>Adds the chat with options from the configuration.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="section">
    /// The section, usually <c>Chat</c>, which is read once. The start fails with an
    /// <see cref="OptionsValidationException"/> if a key is not an option or a value is not valid.
    /// </param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddGrpcChat(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        services.AddSingleton<IConfigureOptions<ChatOptions>>(new ChatOptionsSetup(section));
        return services.AddGrpcChat();
    }

    /// <summary>
    /// Adds the chat with options that the application configures elsewhere. Calling it again changes nothing.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddGrpcChat(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(ChatGrpcService)))
        {
            return services;
        }

        services.AddOptions<ChatOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<ChatOptions>, ChatOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<ChatOptions>>().Value);
        services.AddSingleton(OpenLog);
        services.AddSingleton(provider => new MessageLogInfo(provider.GetRequiredService<IMessageLog>()));
        services.AddSingleton(provider => new MessageLogMaintenance(
            provider.GetRequiredService<IMessageLog>(), provider.GetRequiredService<TimeProvider>(), ownsLog: false));
        services.AddSingleton(provider =>
        {
            var chat = provider.GetRequiredService<ChatOptions>();
            return new TailMemory(chat.MaxTailBytes, chat.MaxTailBytesPerRoom);
        });
        services.AddSingleton<RoomHub>();
        services.AddSingleton<ObjectPool<Frame>>(
            new DefaultObjectPool<Frame>(new DefaultPooledObjectPolicy<Frame>(), PooledFrames));
        services.AddSingleton(provider => new BlockedSenders(
            Path.Combine(provider.GetRequiredService<ChatOptions>().Data!, BlockedSendersFile.Name)));
        services.AddSingleton<CallerFactory>();
        services.AddSingleton<StreamLimiter>();
        services.AddSingleton<SendLimiter>();
        services.AddSingleton<OpenCalls>();
        services.AddSingleton<SessionHost>();
        services.AddSingleton<ChatQueries>();
        services.AddSingleton<ChatMetrics>();
        services.AddSingleton<ServingState>();
        services.AddSingleton<StatusMapper>();
        services.AddSingleton<PageLimiter>();
        services.AddSingleton<UnaryCallHandler>();
        services.AddSingleton<PartialRequests>();
        services.AddSingleton<HealthService>();
        services.AddSingleton<ChatGrpcService>();

        // In this order: what is committed must reach the rooms before anybody can send.
        services.AddHostedService<CommitFeed>();
        services.AddHostedService<Gauges>();
        services.AddHostedService<MessageLogMonitor>();
        services.AddHostedService<BlockedSendersWatch>();
        services.AddHostedService<Retention>();
        services.AddHostedService<Drain>();
        services.AddGrpc()
            .AddServiceOptions<ChatGrpcService>(grpc => grpc.CompressionProviders = [new RequestGzip()])
            .AddServiceOptions<HealthService>(grpc => grpc.MaxReceiveMessageSize = HealthService.MaxRequestBytes);
        services.AddOptions<GrpcServiceOptions<ChatGrpcService>>().Configure<ChatOptions>(
            (grpc, chat) => grpc.MaxReceiveMessageSize = chat.MaxRequestBytes);
        return services;
    }

    /// <summary>
    /// Lets the application's own handler decide who may read and write in which room, instead of the claim
    /// <see cref="ChatOptions.RoomsClaim"/>. It is asked once per call, room and kind of access.
    /// </summary>
    /// <typeparam name="THandler">
    /// An <c>AuthorizationHandler&lt;RoomAccessRequirement, ChatRoom&gt;</c>. It may use scoped services.
    /// </typeparam>
    /// <param name="services">The application's services.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddGrpcChatRoomAuthorization<THandler>(this IServiceCollection services)
        where THandler : class, IAuthorizationHandler
    {
        services.AddAuthorization();
        services.AddScoped<IAuthorizationHandler, THandler>();
        services.TryAddSingleton<RoomAuthorization>();
        return services;
    }

    /// <summary>
    /// Gives the application as long to stop as the chat needs to drain: 85 % of <see cref="ChatOptions.DrainLimit"/>.
    /// After that, clients that still take nothing are cut off, and the rest of the limit is for the process to end.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection UseGrpcChatShutdownTimeout(this IServiceCollection services)
    {
        services.AddOptions<HostOptions>().Configure<IOptions<ChatOptions>>(
            (host, chat) => host.ShutdownTimeout = DrainLimits.Of(chat.Value).Host);
        return services;
    }

    private static IMessageLog OpenLog(IServiceProvider services) => SqliteMessageLog.Open(
        services.GetRequiredService<ChatOptions>().Data!, LogOptionsFactory.Create(services));
}
