namespace Chat.Service;

/// <summary>Where log lines go: to standard error, one line each; standard output is for the start lines.</summary>
internal static class ServiceLogging
{
    public static void ToStandardError(this ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // It reports each client that goes away in mid-call as an error; what matters the service says itself.
        logging.AddFilter("Grpc", LogLevel.Critical);
    }
}
