using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>Removes the messages that the options no longer keep: at the start, and then from time to time.</summary>
internal sealed class Retention(
    MessageLogMaintenance log, ChatOptions options, TimeProvider time, ILogger<Retention> logger)
    : BackgroundService
{
    /// <summary>The time from the end of one run to the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var limits = new TrimLimits
        {
            KeepFor = options.KeepDays > 0 ? TimeSpan.FromDays(options.KeepDays) : null,
            KeepMessages = options.KeepMessagesPerRoom > 0 ? options.KeepMessagesPerRoom : null,
            KeepBytes = options.KeepBytesPerRoom > 0 ? options.KeepBytesPerRoom : null,
        };
        if (limits is { KeepFor: null, KeepMessages: null, KeepBytes: null })
        {
            return;
        }

        try
        {
            while (true)
            {
                await RunAsync(limits, stoppingToken);
                await Task.Delay(Interval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task RunAsync(TrimLimits limits, CancellationToken stopping)
    {
        var (messages, rooms) = (0L, new HashSet<string>());
        try
        {
            await foreach (var step in log.TrimAsync(limits, room: null, stopping))
            {
                messages += step.Removed;
                rooms.Add(step.Room);
            }
        }
        catch (LogMaintenanceException error)
        {
            logger.RetentionFailed(error.Message, Interval);
        }
        finally
        {
            if (messages > 0)
            {
                logger.Trimmed(messages, rooms.Count);
            }
        }
    }
}
