using Chat.AspNetCore.Grpc;
using Chat.AspNetCore.Grpc.Discovery;

namespace Chat.AspNetCore.Sessions;

/// <summary>
/// Holds the web server's own stop back until the streams have ended, and a moment longer: a connection that is closed
/// while a client's bytes are still coming in is reset, and that would take the GoAway with it. Unary calls, watches of
/// the health and streams of reflection count as well: a connection that closes while they end may lose their status.
/// </summary>
internal sealed class Drain(
    OpenStreams streams,
    UnaryTransport unary,
    HealthService health,
    ReflectionService reflection,
    ChatOptions options,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
    : IHostedLifecycleService
{
    // For a client on the same continent to hear that it should stop sending.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(200);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // A signal has told the streams already, and they may have ended just now: then they need their moment, too.
        OpenStreams[] all = [streams, unary.Calls, health.Watches, reflection.Streams];
        var told = lifetime.ApplicationStopping.IsCancellationRequested;
        if (!told && all.All(one => one.Count == 0))
        {
            return;
        }

        lifetime.StopApplication();

        // The streams keep to the limit themselves; this only must not wait for one that does not.
        await Task.WhenAll(all.Select(one => one.WhenNoneAsync()))
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
