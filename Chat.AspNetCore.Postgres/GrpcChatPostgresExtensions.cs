using GrpcChat.AspNetCore.Hosting;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps the chat's message log in PostgreSQL, so that several nodes can serve the same rooms.</summary>
public static class GrpcChatPostgresExtensions
{
    /// <summary>
    /// Keeps the message log in a PostgreSQL database instead of a file. Call it after <c>AddGrpcChat</c>. The start fails with a
    /// <see cref="LogOpenException"/> if the database cannot be used.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="connectionString">
    /// The connection string, as for Npgsql: <c>Host=db.example;Database=chat;Username=chat</c>. With several hosts, separated by
    /// commas, the one that takes writes is used.
    /// </param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddGrpcChatPostgres(this IServiceCollection services, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(connectionString);
        return services.AddSingleton<IMessageLog>(
            provider => PostgresMessageLog.Open(connectionString, LogOptionsFactory.Create(provider)));
    }
}
