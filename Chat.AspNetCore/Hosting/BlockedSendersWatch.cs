using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>
/// Keeps the list of blocked senders up to date. It looks at the file once a second: watching it would use up the system's
/// watches. A log that several nodes share has the list itself, and says when it changes.
/// </summary>
internal sealed class BlockedSendersWatch(
    BlockedSenders blocked, IMessageLog log, TimeProvider time, ILogger<BlockedSendersWatch> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private string problem = "";

    // Before anybody can call.
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (log is IBlockedSendersSource shared)
        {
            shared.WatchBlockedSenders(blocked.Set);
            return Task.CompletedTask;
        }

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
