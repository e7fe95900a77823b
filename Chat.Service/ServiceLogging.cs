using Microsoft.Extensions.Logging.Console;

namespace Chat.Service;

/// <summary>Writes log lines to standard error, one line each. Standard output is for the start lines.</summary>
internal static class ServiceLogging
{
    /// <param name="logging">The application's logging.</param>
    /// <param name="levels">The section <c>Logging</c> of the configuration, which wins over the levels that are set here.</param>
    public static void ToStandardError(this ILoggingBuilder logging, IConfiguration levels)
    {
        logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // gRPC reports each client that goes away during a call as an error. The service logs what matters itself.
        logging.AddFilter("Grpc", LogLevel.Critical);
        logging.AddConfiguration(levels);
    }
}
