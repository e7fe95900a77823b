using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Console;

namespace GrpcChat.Service;

/// <summary>Writes log lines to standard error, one line each. Standard output is for the start lines.</summary>
internal static class ServiceLogging
{
    /// <param name="logging">The application's logging.</param>
    /// <param name="section">The section <c>Logging</c>. Its levels win over those that are set here.</param>
    /// <param name="asJson">Whether each line is an object in JSON.</param>
    public static void ToStandardError(this ILoggingBuilder logging, IConfiguration section, bool asJson = false)
    {
        if (asJson)
        {
            logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "O"));
        }
        else
        {
            logging.AddSimpleConsole(console => console.SingleLine = true);
        }

        logging.Services.Configure<ConsoleLoggerOptions>(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;

            // Where nobody reads standard error, lines are lost. Otherwise every thread with a line would wait.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        LimitLines(logging.Services);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // gRPC reports each client that goes away during a call as an error. The service logs what matters itself.
        logging.AddFilter("Grpc", LogLevel.Critical);

        // It reports each time that somebody asks. The service reports each change itself.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        logging.AddFilter("GrpcChat", LogLevel.Information);
        logging.AddConfiguration(section);
    }

    // In place of the provider that it writes to.
    private static void LimitLines(IServiceCollection services)
    {
        services.Remove(services.Single(service => service.ImplementationType == typeof(ConsoleLoggerProvider)));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ConsoleLoggerProvider>();
        services.AddSingleton<ILoggerProvider>(provider => new LimitedLogging(
            provider.GetRequiredService<ConsoleLoggerProvider>(), provider.GetRequiredService<TimeProvider>()));
    }

    /// <summary>Finds out whether the section is valid before anything starts.</summary>
    /// <exception cref="UsageException">It is not.</exception>
    public static void EnsureValid(IConfiguration section)
    {
        try
        {
            using var factory = LoggerFactory.Create(logging => logging.ToStandardError(section));
        }
        catch (InvalidOperationException error)
        {
            throw new UsageException($"the section Logging is not valid: {error.Message}", error);
        }
    }
}
