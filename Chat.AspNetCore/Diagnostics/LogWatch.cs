using Chat.AspNetCore.Storage;

namespace Chat.AspNetCore.Diagnostics;

/// <summary>Stops the service when the log can't tell any more what is stored.</summary>
internal sealed class LogWatch(IMessageLog log, IHostApplicationLifetime lifetime, ILogger<LogWatch> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
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
    }
}
