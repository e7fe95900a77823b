using GrpcChat.AspNetCore.Hosting;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps the chat's message log in PostgreSQL, so that several nodes can serve the same rooms.</summary>
public static class GrpcChatPostgresExtensions
{
    /// <summary>
    /// Keeps the message log in a PostgreSQL database instead of a file. Call it after <c>AddGrpcChat</c>. The start fails with a
    /// <see cref="LogOpenException"/> if the database cannot be used; <see cref="LogOpenException.IsRetryable"/> says whether to
    /// wait and build the host again.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="connectionString">
    /// The connection string, as for Npgsql: <c>Host=db.example;Database=chat;Username=chat</c>. With several hosts, separated by
    /// commas, the one that takes writes is used.
    /// </param>
    /// <param name="readReplicas">
    /// Standbys of the database, as <c>host</c> or <c>host:port</c>, separated by commas: pages, and messages that are no longer in
    /// memory, are read from them where they have them. The rest of the connection string holds for them, too. Null = there are none.
    /// </param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddGrpcChatPostgres(
        this IServiceCollection services, string connectionString, string? readReplicas = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(connectionString);
        return services.AddSingleton<IMessageLog>(provider => PostgresMessageLog.Open(
            connectionString,
            LogOptionsFactory.Create(provider),
            readReplicas,
            provider.GetRequiredService<ILogger<PostgresMessageLog>>()));
    }
}
