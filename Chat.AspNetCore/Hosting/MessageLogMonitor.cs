using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>Stops the application when the message log can no longer tell what is stored.</summary>
internal sealed class MessageLogMonitor(
    IMessageLog log,
    IHostApplicationLifetime lifetime,
    ILogger<MessageLogMonitor> logger)
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
