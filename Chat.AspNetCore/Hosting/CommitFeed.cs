using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>
/// Connects the message log to the rooms before the application listens. It also opens the log, so that a log that
/// cannot be opened ends the start and not the first call.
/// </summary>
internal sealed class CommitFeed(IMessageLog log, RoomHub rooms) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        log.Committed += rooms.OnCommitted;
        log.IsFollowed = rooms.IsFollowed;
        log.Erased += rooms.OnErased;
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
