using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace GrpcChat.Client;

/// <summary>Adds a client to the services of an application.</summary>
public static class ChatClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds one client, as <see cref="IChatClient"/> and as <see cref="ChatClient"/>. It connects when it is first
    /// used, and closes with the application.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="options">The options of the client.</param>
    /// <exception cref="ArgumentException">An option is invalid.</exception>
    public static IServiceCollection AddGrpcChatClient(this IServiceCollection services, ChatClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return services.AddGrpcChatClient(_ => options);
    }

    /// <summary>The same, with options that depend on other services.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="options">Creates the options; called once.</param>
    public static IServiceCollection AddGrpcChatClient(
        this IServiceCollection services, Func<IServiceProvider, ChatClientOptions> options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        services.TryAddSingleton(provider =>
        {
            var set = options(provider);
            var log = set.LoggerFactory ?? provider.GetService<ILoggerFactory>();
            return ChatClient.Open(set with { LoggerFactory = log });
        });
        services.TryAddSingleton<IChatClient>(provider => provider.GetRequiredService<ChatClient>());
        return services;
    }
}
