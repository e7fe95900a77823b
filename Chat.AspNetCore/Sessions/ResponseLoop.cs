using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;
using Microsoft.Extensions.ObjectPool;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// The only writer of a stream. It sends frames while there is something to send, waits to be woken when there is not, and
/// decides when the session has reached its end. It never holds more than one frame, and none while it waits.
/// </summary>
internal sealed class ResponseLoop(
    WakeSignal wakeSignal,
    PendingAnswers pendingAnswers,
    SessionStop stop,
    IMessageLog log,
    SessionClock clock,
    ObjectPool<Frame> frames,
    ChatOptions options,
    ChatMetrics metrics)
{
    private readonly FrameFiller filler = new(log, metrics);
    private readonly Queue<Answer> answers = [];
    private Frame? frame;
    private bool greeted;

    /// <summary>See <see cref="FrameFiller.Lag"/>.</summary>
    public long Lag => filler.Lag;

    /// <summary>Writes until the session is over, and returns why.</summary>
    /// <param name="transport">Where responses go.</param>
    /// <param name="clientAborted">The client is gone.</param>
    /// <param name="stallTimeout">Fires when this client is given up; the session is woken then.</param>
    public async Task<SessionEnd> RunAsync(
        IChatTransport transport,
        CancellationToken clientAborted,
        CancellationToken stallTimeout)
    {
        try
        {
            var end = await ServeAsync(transport, clientAborted, stallTimeout);
            if (GoAwayFor(end.Reason) is { } goAway)
            {
                frame ??= frames.Get();
                frame.TryAdd(ChatResponse.GoAwayFieldNumber, goAway);
                await WriteAsync(transport, frame, stallTimeout);
            }

            return end;
        }
        catch (Exception) when (stallTimeout.IsCancellationRequested)
        {
            return SessionEndReason.TimedOut;
        }
        catch (Exception) when (clientAborted.IsCancellationRequested)
        {
            return SessionEndReason.ClientAborted;
        }
        finally
        {
            ReturnFrame();
        }
    }

    private async Task<SessionEnd> ServeAsync(
        IChatTransport transport,
        CancellationToken clientAborted,
        CancellationToken stallTimeout)
    {
        while (!clientAborted.IsCancellationRequested && !stallTimeout.IsCancellationRequested)
        {
            // Read before the answers are fetched: what is settled now has its answers among them.
            var end = EndInSight();
            var isAnswered = pendingAnswers is { RequestsEnd: RequestsEnd.Completed, IsSettled: true };
            pendingAnswers.MoveTo(answers);
            frame ??= frames.Get();
            AddHeartbeat(frame);
            filler.AddAnswers(frame, answers);
            if (end is null)
            {
                try
                {
                    if (isAnswered && answers.Count == 0)
                    {
                        await filler.FixHeadsAsync(clientAborted);
                    }

                    await filler.AddMessagesAsync(frame, clientAborted);
                }
                catch (LogDamagedException error)
                {
                    return new SessionEnd(SessionEndReason.LogDamaged, error);
                }
                catch (StoreUnavailableException error)
                {
                    // The answers in this frame are not sent. The client repeats their sends, and they are found.
                    frame.Clear();
                    return new SessionEnd(SessionEndReason.StoreUnavailable, error);
                }
            }

            if (frame.Length > 0)
            {
                await WriteAsync(transport, frame, stallTimeout);
            }
            else if (end is { } reached)
            {
                return reached;
            }
            else if (filler.HeadsAreFixed)
            {
                return SessionEndReason.Completed;
            }
            else
            {
                ReturnFrame();
                await wakeSignal.WaitAsync();
            }
        }

        // In this order: giving up a client also aborts its call.
        return stallTimeout.IsCancellationRequested ? SessionEndReason.TimedOut : SessionEndReason.ClientAborted;
    }

    // How the session ends once all pending answers have been sent; null while it goes on.
    private SessionEnd? EndInSight()
    {
        if (pendingAnswers.HasFailed)
        {
            return new SessionEnd(
                pendingAnswers.Failure is LogDamagedException ? SessionEndReason.LogDamaged : SessionEndReason.StoreUnavailable,
                pendingAnswers.Failure);
        }

        return pendingAnswers.RequestsEnd switch
        {
            RequestsEnd.NotYet => null,
            RequestsEnd.Aborted => SessionEndReason.ClientAborted,
            _ when !pendingAnswers.IsSettled => null,
            RequestsEnd.Unreadable => SessionEndReason.RequestUnreadable,
            _ => stop.Reason is { } reason ? reason : (SessionEnd?)null,
        };
    }

    // The last message of a session that the service ends on purpose; null where only the status is sent.
    private GoAway? GoAwayFor(SessionEndReason reason)
    {
        GoAway? goAway = reason switch
        {
            SessionEndReason.Draining => new GoAway
            {
                Why = GoAway.Types.Why.Draining,
                Detail = "the service is stopping",
            },
            SessionEndReason.CredentialsExpired => new GoAway
            {
                Why = GoAway.Types.Why.CredentialsExpired,
                Detail = "the credentials of this call have expired; reconnect with new ones",
                Reconnect = true,
            },
            SessionEndReason.Banned => new GoAway
            {
                Why = GoAway.Types.Why.Banned,
                Detail = new SenderBlockedException().Message,
            },
            SessionEndReason.StoreUnavailable => new GoAway
            {
                Why = GoAway.Types.Why.StoreUnavailable,
                Detail = "the log cannot be written now; reconnect to read, and repeat unanswered sends a little later",
            },
            _ => null,
        };
        if (reason is SessionEndReason.Draining or SessionEndReason.StoreUnavailable)
        {
            goAway!.Reconnect = true;
            goAway.ReconnectAfter = ReconnectDelay.Draw(options.ReconnectSpread).ToDuration();
        }

        return goAway;
    }

    private void AddHeartbeat(Frame frame)
    {
        if (!greeted || clock.IsHeartbeatDue)
        {
            greeted = true;
            frame.TryAdd(
                ChatResponse.HeartbeatFieldNumber, new Heartbeat { Interval = options.HeartbeatInterval.ToDuration() });
        }
    }

    // Awaited once per frame, so its state machine is pooled.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(IChatTransport transport, Frame frame, CancellationToken stallTimeout)
    {
        var bytes = frame.Length;
        clock.OnWriteStarted();
        metrics.OnFrameStarted(bytes);
        try
        {
            await transport.WriteAsync(frame, stallTimeout);
        }
        finally
        {
            clock.OnWriteEnded();
            metrics.OnFrameTaken(bytes);
        }

        pendingAnswers.Release(frame.Answers);
        frame.Clear();
    }

    // An idle session holds no frame.
    private void ReturnFrame()
    {
        if (frame is not null)
        {
            frame.Clear();
            frames.Return(frame);
            frame = null;
        }
    }
}
