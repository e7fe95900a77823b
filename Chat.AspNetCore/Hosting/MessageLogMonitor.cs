using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>
/// Stops the application when the message log can no longer tell what is stored, and writes down when it cannot be used
/// for a while.
/// </summary>
internal sealed class MessageLogMonitor(
    IMessageLog log,
    ServingState serving,
    IHostApplicationLifetime lifetime,
    ILogger<MessageLogMonitor> logger)
    : BackgroundService
{
    private string? readProblem;
    private string? writeProblem;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (var changed = serving.Changed; !log.Stopped.IsCompleted; changed = serving.Changed)
            {
                Report();
                await changed.WaitAsync(stoppingToken);
            }

            await log.Stopped;
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

    // Here, and not where the log notices: its writer must not wait until a line is written.
    private void Report()
    {
        var (read, write) = (log.Health.ReadProblem, log.Health.WriteProblem);
        var (hadProblem, readChanged, writeChanged) =
            ((readProblem ?? writeProblem) is not null, read != readProblem, write != writeProblem);
        (readProblem, writeProblem) = (read, write);
        if (read is not null && readChanged)
        {
            logger.LogNotReadable(read);
        }

        if (write is not null && writeChanged)
        {
            logger.LogNotWritable(write);
        }

        if ((read ?? write) is null && hadProblem)
        {
            logger.LogUsableAgain();
        }
    }
}
