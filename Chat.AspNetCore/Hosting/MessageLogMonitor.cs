using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>
/// Stops the application when the message log can no longer tell what is stored, and writes down when it cannot be used for a
/// while.
/// </summary>
internal sealed class MessageLogMonitor(
    IMessageLog log,
    IHostApplicationLifetime lifetime,
    ILogger<MessageLogMonitor> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        log.Health.Changed += Report;
        try
        {
            await log.Stopped.WaitAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        catch (Exception error)
        {
            logger.LogBroken(error);
            lifetime.StopApplication();
        }
        finally
        {
            log.Health.Changed -= Report;
        }
    }

    private void Report()
    {
        var (read, write) = (log.Health.ReadProblem, log.Health.WriteProblem);
        if (read is not null)
        {
            logger.LogNotReadable(read);
        }

        if (write is not null)
        {
            logger.LogNotWritable(write);
        }

        if (read is null && write is null)
        {
            logger.LogUsableAgain();
        }
    }
}
