using Chat.Service.Session;

namespace Chat.Service;

/// <summary>
/// Holds the web server's own stop back until the streams have ended, and a moment longer: a connection that is closed
/// while a client's bytes are still coming in is reset, and that would take the GoAway with it.
/// </summary>
internal sealed class Drain(OpenStreams streams, ChatOptions options, TimeProvider time, IHostApplicationLifetime lifetime)
    : IHostedLifecycleService
{
    // For a client on the same continent to hear that it should stop sending.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(200);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        lifetime.StopApplication();
        if (streams.Count == 0)
        {
            return;
        }

        // The sessions keep to the limit themselves; this only must not wait for one that does not.
        await streams.WhenNoneAsync()
            .WaitAsync(options.DrainLimit, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(Linger, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
