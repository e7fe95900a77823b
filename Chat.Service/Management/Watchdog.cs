using System.Globalization;
using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.Hosting.Systemd;

namespace GrpcChat.Service.Management;

/// <summary>
/// Tells systemd's watchdog that the service works, twice in the time after which systemd ends a service that is silent. It
/// works while the log's writer answers and the thread pool runs, on which this waits for it.
/// </summary>
internal sealed class Watchdog(
    TimeSpan interval, ISystemdNotifier systemd, MessageLogInfo log, IHostApplicationLifetime lifetime, TimeProvider time)
    : BackgroundService
{
    /// <summary>The time between two signs of life; null if systemd expects none of this process.</summary>
    public static TimeSpan? ReadInterval()
    {
        var pid = Environment.GetEnvironmentVariable("WATCHDOG_PID");
        return long.TryParse(
                Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            && limit > 0
            && (string.IsNullOrEmpty(pid) || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
                ? TimeSpan.FromMicroseconds(limit) / 2
                : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Not before systemd has heard that the service is ready.
            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var onStarted = lifetime.ApplicationStarted.UnsafeRegister(_ => started.TrySetResult(), null);
            await started.Task.WaitAsync(stoppingToken);
            using var timer = new PeriodicTimer(interval, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                // In vain while the writer is stuck.
                await log.PingAsync().WaitAsync(stoppingToken);
                systemd.Notify(new ServiceState("WATCHDOG=1"));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }
}
