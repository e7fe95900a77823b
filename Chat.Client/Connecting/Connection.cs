using System.Diagnostics;
using GrpcChat.Client.Delivery;
using Microsoft.Extensions.Logging;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// Keeps a stream open: one attempt after the other, each with another node, until it is told to stop.
/// </summary>
internal sealed class Connection(
    Outbox outbox,
    FollowedRooms rooms,
    EventQueue events,
    WakeSignal wakeUp,
    LogChanges logs,
    ChatClientOptions options,
    ILogger logger)
{
    private readonly Nodes nodes = new(options);
    private readonly Channels channels = new(options);
    private readonly CallHeaders headers = new(options);
    private readonly Backoff backoff = new(options);

    // The token that was refused last, and how many were since the last connection.
    private string? refusedToken;
    private int refusedTokens;
    private volatile Activity? connecting;
    private volatile Target? node;
    private volatile ConnectionChanged current = new(ConnectionState.Connecting, null);

    public ConnectionChanged Current => current;

    /// <summary>The node that has answered; null without a connection.</summary>
    public Target? Node => current.State == ConnectionState.Connected ? node : null;

    /// <summary>
    /// Links a send's span to that of the connection, which is the parent of the service's span for the send.
    /// </summary>
    public void LinkFrom(Activity? send)
    {
        if (connecting is { } connect)
        {
            send?.AddLink(new ActivityLink(connect.Context));
        }
    }

    /// <summary>Runs until the client stops or the failure is permanent; returns the latter.</summary>
    public async Task<ConnectionProblem?> RunAsync(CancellationToken stopping)
    {
        var (holdSends, heldSince) = (TimeSpan.Zero, 0L);
        while (true)
        {
            Change(new(ConnectionState.Connecting, current.Problem));
            var stream = new ChatStream(outbox, rooms, wakeUp, logs, options);
            var left = holdSends - options.TimeProvider.GetElapsedTime(heldSince);
            var end = await AttemptAsync(stream, left > TimeSpan.Zero ? left : TimeSpan.Zero, stopping);
            if (stopping.IsCancellationRequested)
            {
                return null;
            }

            if (end == StreamEnd.Moving)
            {
                continue;
            }

            node = null;
            end = WithNextToken(end);
            if (end.IsFinal)
            {
                return Halt(end.Kind, end.Message);
            }

            if (stream.HasProgressed || WasHealthy(stream))
            {
                backoff.Reset();
            }

            if (end.HoldSends is { } hold)
            {
                (holdSends, heldSince) = (hold, options.TimeProvider.GetTimestamp());
            }

            // While sends are held, nothing can cause the same end again at once.
            var delay = end.HoldSends > TimeSpan.Zero && stream.HasSent ? TimeSpan.Zero : backoff.Next(end.Kind);
            delay = delay > end.AtLeast ? delay : end.AtLeast;
            logger.Reconnecting(end.Kind, end.Message, delay);
            ClientMetrics.Reconnects.Add(1);
            Change(new(ConnectionState.Waiting, new(end.Kind, end.Message, delay)));
            await Task.Delay(delay, options.TimeProvider, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The failure is permanent.</summary>
    public ConnectionProblem Halt(ProblemKind kind, string message)
    {
        var problem = new ConnectionProblem(kind, message, null);
        logger.Halted(kind, message);
        Change(new(ConnectionState.Halted, problem));
        return problem;
    }

    /// <summary>The client has been disposed of.</summary>
    public void Close()
    {
        if (current.State != ConnectionState.Halted)
        {
            Change(new(ConnectionState.Closed, null));
        }
    }

    private async Task<StreamEnd> AttemptAsync(
        ChatStream stream, TimeSpan holdSends, CancellationToken stopping)
    {
        using var activity = connecting = ClientDiagnostics.StartConnect();
        try
        {
            var metadata = await headers.CreateAsync(stopping);
            if (headers.Token is { } token && token == refusedToken)
            {
                return new StreamEnd(
                    ProblemKind.AccessDenied,
                    "the service has refused this token before; the TokenProvider must return another one")
                {
                    IsFinal = true,
                };
            }

            // A client that moves to another token stays with its node.
            var target = node ??= await nodes.NextAsync(stopping);
            activity?.SetTag("server.address", target.Address);
            using var channel = channels.Open(target, nodes);
            await using var renewal = new TokenRenewal(headers, wakeUp, options.TimeProvider);
            return await stream.RunAsync(channel.Channel, metadata, target, renewal, holdSends, Connected, stopping);
        }
        catch (TokenException error)
        {
            return new StreamEnd(ProblemKind.NoToken, error.Message);
        }
        catch (UnknownHostException error)
        {
            return Problems.Of(error);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return new StreamEnd(ProblemKind.Broken, "the client is stopping");
        }

        void Connected()
        {
            (refusedToken, refusedTokens) = (null, 0);
            nodes.OnConnected();
            logger.Connected(node!.ToString());
            Change(new(ConnectionState.Connected, null) { Node = node.HasOthers ? node.ToString() : null });
        }
    }

    // A refused token may have expired a moment ago, so the provider is asked for another one, a limited number of
    // times.
    private StreamEnd WithNextToken(StreamEnd end)
    {
        if (end is not { IsFinal: true, CanTokenHelp: true }
            || headers.Token is not { } token
            || token == refusedToken)
        {
            return end;
        }

        refusedToken = token;
        return ++refusedTokens < options.MaxRefusedTokens
            ? end with { IsFinal = false }
            : end with { Message = $"{end.Message} (tokens refused in a row: {refusedTokens})" };
    }

    private bool WasHealthy(ChatStream stream) =>
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
