using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>
/// Looks at the file of blocked senders once a second. Watching it would use up the system's watches.
/// </summary>
internal sealed class BlockedSendersWatch(BlockedSenders blocked, TimeProvider time, ILogger<BlockedSendersWatch> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private string problem = "";

    // Before anybody can call.
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Refresh();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, stoppingToken);
                Refresh();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private void Refresh()
    {
        try
        {
            blocked.Refresh();
            problem = "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Once, and not every second.
            if (problem != error.Message)
            {
                problem = error.Message;
                logger.BlockedSendersUnreadable(problem);
            }
        }
    }
}
