using System.Runtime.InteropServices;
using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.Hosting.Systemd;

namespace GrpcChat.Service;

/// <summary>
/// Opens the message log, and waits for a database that does not answer yet, so that the machines of a cluster can start in any
/// order. The service does not listen meanwhile: whoever asks whether it may have clients must not be told that it may.
/// </summary>
internal static partial class LogStart
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Repeat = TimeSpan.FromMinutes(5);

    // Longer than an attempt, in which a few hosts do not answer. Systemd ends a start that takes longer than it was told.
    private static readonly ServiceState MoreTime = new("EXTEND_TIMEOUT_USEC=120000000");

    /// <returns>The log; null if the service was asked to stop before that.</returns>
    /// <exception cref="LogOpenException">The log cannot be opened, and waiting does not help.</exception>
    public static async Task<MessageLogInfo?> OpenAsync(IServiceProvider services)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        MessageLogInfo? log;

        // The host listens to signals only when it has started.
        using (PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop))
        using (PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop))
        using (PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Stop))
        {
            log = await OpenAsync(services, stopping.Task);
        }

        return stopping.Task.IsCompleted ? null : log;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopping.TrySetResult();
        }
    }

    private static async Task<MessageLogInfo?> OpenAsync(IServiceProvider services, Task stopping)
    {
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(LogStart).FullName!);
        var time = services.GetRequiredService<TimeProvider>();
        var (reported, reportedAt) = ("", 0L);
        while (true)
        {
            // An attempt can take as long as a server that says nothing. A stop does not wait for it.
            var opening = Task.Run(services.GetRequiredService<MessageLogInfo>);
            if (await Task.WhenAny(opening, stopping) == stopping)
            {
                return null;
            }

            try
            {
                return await opening;
            }
            catch (LogOpenException error) when (error.IsRetryable)
            {
                if (reported != error.Message || time.GetElapsedTime(reportedAt) >= Repeat)
                {
                    (reported, reportedAt) = (error.Message, time.GetTimestamp());
                    logger.WaitingForLog(error.Message);
                }
            }

            services.GetService<ISystemdNotifier>()?.Notify(MoreTime);
            if (await Task.WhenAny(Task.Delay(Retry, time), stopping) == stopping)
            {
                return null;
            }
        }
    }

    [LoggerMessage(103, LogLevel.Warning, "The {Problem}. The service waits, and tries again every second.")]
    private static partial void WaitingForLog(this ILogger logger, string problem);
}
