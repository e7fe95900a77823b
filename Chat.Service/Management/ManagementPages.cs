using GrpcChat.AspNetCore.Storage;
using GrpcChat.Service.Edge;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;

namespace GrpcChat.Service.Management;

/// <summary>
/// The pages of the management address. They are served there alone, and the chat is not: what decides is the connection, and
/// not a header, which a caller could forge.
/// </summary>
internal static class ManagementPages
{
    private const string Live = "/healthz/live";
    private const string Ready = "/healthz/ready";

    /// <summary>Listens. HTTP/1.1 alone: without TLS, the web server cannot offer HTTP/2 beside it.</summary>
    public static void ListenForManagement(this KestrelServerOptions kestrel, ManagementEndPoint? endpoint)
    {
        if (endpoint is not null)
        {
            kestrel.Listen(endpoint, listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.Use(next => connection =>
                {
                    connection.Features.Set(ManagementConnection.Mark);
                    return next(connection);
                });
            });
        }
    }

    /// <summary>Adds what the pages need.</summary>
    public static void AddManagement(this IServiceCollection services) => services.AddHealthChecks().AddGrpcChat();

    /// <summary>Serves the pages. Comes before the routing of the chat.</summary>
    public static void UseManagement(this IApplicationBuilder app) => app.MapWhen(
        static context => context.Features.Get<ManagementConnection>() is not null,
        static management => management.UseRouting().UseEndpoints(Map));

    // One line for each page.
    private static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet(Live, (MessageLogInfo log) => log.Stopped.IsFaulted
            ? Results.Json(new { status = "the message log has failed" }, statusCode: StatusCodes.Status503ServiceUnavailable)
            : Results.Json(new { status = "alive" }));
        if (pages.ServiceProvider.GetService<MeterProvider>() is not null)
        {
            pages.MapPrometheusScrapingEndpoint(Telemetry.Metrics);
        }

        pages.MapHealthChecks(Ready, new HealthCheckOptions
        {
            ResultStatusCodes = { [HealthStatus.Degraded] = StatusCodes.Status503ServiceUnavailable },
            ResponseWriter = static (context, report) => context.Response.WriteAsJsonAsync(
                report.Entries.Values.Single().Data.Prepend(new("status", report.Status.ToString().ToLowerInvariant()))
                    .ToDictionary()),
        });
    }

    private sealed class ManagementConnection
    {
        public static readonly ManagementConnection Mark = new();
    }
}
