using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Chat.Client;

/// <summary>Puts a client into an application's services.</summary>
public static class ChatClientServiceCollectionExtensions
{
    /// <summary>Adds one <see cref="ChatClient"/>, which connects when it is first asked for and ends with the application.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="options">What is set.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static IServiceCollection AddChatClient(this IServiceCollection services, ChatClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return services.AddChatClient(_ => options);
    }

    /// <summary>The same, with options that need other services.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="options">Makes the options, once.</param>
    public static IServiceCollection AddChatClient(
        this IServiceCollection services, Func<IServiceProvider, ChatClientOptions> options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        services.TryAddSingleton(provider =>
        {
            var set = options(provider);
            return ChatClient.Open(set with { LoggerFactory = set.LoggerFactory ?? provider.GetService<ILoggerFactory>() });
        });
        return services;
    }
}
