using Chat.Client.Delivery;
using Microsoft.Extensions.Logging;

namespace Chat.Client.Connecting;

/// <summary>Keeps a stream open: one attempt after the other, each with the next address, until it is told to stop.</summary>
internal sealed class Connection(
    Outbox outbox, FollowedRooms rooms, EventQueue events, WakeSignal wakeUp, ChatClientOptions options, ILogger logger)
{
    private readonly Channels channels = new(options);
    private readonly CallHeaders headers = new(options);
    private readonly Backoff backoff = new(options);
    private string? refusedToken;
    private volatile ConnectionChanged current = new(ConnectionState.Connecting, null);

    public ConnectionChanged Current => current;

    /// <summary>Runs until the client stops; returns why there is no use in coming back, where that is so.</summary>
    public async Task<ConnectionProblem?> RunAsync(CancellationToken stopping)
    {
        var (holdSends, heldSince) = (TimeSpan.Zero, 0L);
        for (var attempt = 0; ; attempt++)
        {
            var address = options.Addresses[attempt % options.Addresses.Count];
            Change(new(ConnectionState.Connecting, current.Problem));
            var stream = new ChatStream(outbox, rooms, events, wakeUp, options);
            var left = holdSends - options.TimeProvider.GetElapsedTime(heldSince);
            var end = await AttemptAsync(stream, address, left > TimeSpan.Zero ? left : TimeSpan.Zero, stopping);
            if (stopping.IsCancellationRequested)
            {
                return null;
            }

            if (IsFinal(end))
            {
                var problem = new ConnectionProblem(end.Kind, end.Message, null);
                logger.Halted(end.Kind, end.Message);
                Change(new(ConnectionState.Halted, problem));
                return problem;
            }

            if (HasHeld(stream))
            {
                backoff.Reset();
            }

            if (end.HoldSends is { } hold)
            {
                (holdSends, heldSince) = (hold, options.TimeProvider.GetTimestamp());
            }

            // Where sends are held, nothing can provoke the same end again at once.
            var delay = end.HoldSends > TimeSpan.Zero && stream.HasSent ? TimeSpan.Zero : backoff.Next();
            delay = delay > end.AtLeast ? delay : end.AtLeast;
            logger.Reconnecting(end.Kind, end.Message, delay);
            ClientMetrics.Reconnects.Add(1);
            Change(new(ConnectionState.Waiting, new(end.Kind, end.Message, delay)));
            await Task.Delay(delay, options.TimeProvider, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The client has been disposed of.</summary>
    public void Close()
    {
        if (current.State != ConnectionState.Halted)
        {
            Change(new(ConnectionState.Closed, null));
        }
    }

    private async Task<StreamEnd> AttemptAsync(ChatStream stream, string address, TimeSpan holdSends, CancellationToken stopping)
    {
        using var activity = ClientDiagnostics.Source.StartActivity("chat connect", System.Diagnostics.ActivityKind.Client);
        activity?.SetTag("server.address", address);
        try
        {
            var metadata = await headers.CreateAsync(stopping);
            if (headers.Token is { } token && token == refusedToken)
            {
                return new StreamEnd(ProblemKind.AccessDenied, "the service refuses this token; give another one") { IsFinal = true };
            }

            using var channel = channels.Open(address);
            return await stream.RunAsync(channel.Channel, metadata, address, holdSends, Connected, stopping);
        }
        catch (TokenException error)
        {
            return new StreamEnd(ProblemKind.NoToken, error.Message);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return new StreamEnd(ProblemKind.Broken, "the client stops");
        }

        void Connected()
        {
            refusedToken = null;
            logger.Connected(address);
            Change(new(ConnectionState.Connected, null));
        }
    }

    // A token that was refused may have expired a moment ago: the provider is asked once more, and the same one is final.
    private bool IsFinal(StreamEnd end)
    {
        if (end.IsFinal && end.Kind == ProblemKind.AccessDenied && headers.Token is { } token && token != refusedToken)
        {
            refusedToken = token;
            return false;
        }

        return end.IsFinal;
    }

    private bool HasHeld(ChatStream stream) =>
        stream.IsConnected
        && rooms.CaughtUpAt is { } since
        && options.TimeProvider.GetElapsedTime(Math.Max(since, stream.ConnectedAt)) >= options.HealthyAfter;

    private void Change(ConnectionChanged changed)
    {
        if (changed != current)
        {
            current = changed;
            events.AddNewest(changed, "");
        }
    }
}
