using GrpcChat.AspNetCore.Sessions;

namespace GrpcChat.AspNetCore.Hosting;

/// <summary>
/// Holds back the web server's own stop until all calls have ended, and for a moment after that. A connection that is
/// closed while its client still sends is reset, and the reset would take the GoAway or the status with it.
/// </summary>
internal sealed class Drain(
    OpenCalls calls,
    ChatOptions options,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
    : IHostedLifecycleService
{
    // Long enough for a client on the same continent to hear that it should stop sending.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(200);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // After a signal the calls know already, and may have ended just now: they also need their moment.
        var wasSignalled = lifetime.ApplicationStopping.IsCancellationRequested;
        if (!wasSignalled && calls.Count == 0)
        {
            return;
        }

        lifetime.StopApplication();

        // Sessions keep to the limit themselves. This only must not wait for one that does not.
        await calls.WhenNoneAsync()
            .WaitAsync(DrainLimits.Of(options).Process, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(Linger, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
