using System.Runtime.CompilerServices;
using Chat.AspNetCore.Diagnostics;
using Chat.AspNetCore.Rooms;
using Chat.AspNetCore.Storage;
using Chat.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.ObjectPool;

namespace Chat.AspNetCore.Sessions;

/// <summary>
/// The only writer of a stream: sends frames while there is something to say, waits for the bell when there is not, and
/// knows when the stream has come to its end. It never holds more than one frame, and none while it waits.
/// </summary>
internal sealed class ResponseLoop(
    Doorbell bell,
    Owed owed,
    IMessageLog log,
    SessionClock clock,
    ObjectPool<Frame> frames,
    ChatOptions options,
    ChatMetrics metrics)
{
    private readonly FrameFiller filler = new(log, metrics);
    private readonly Queue<object> pending = [];
    private Frame? frame;
    private bool greeted;

    /// <summary>What was wrong with the log, where that ended the session.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Writes until the session is over, and says why it is.</summary>
    /// <param name="transport">Where responses go.</param>
    /// <param name="stop">The service stops: answer what was read, say so, and end.</param>
    /// <param name="gone">The client is gone.</param>
    /// <param name="patience">Fires when this client is given up; the bell rings then, as for the others.</param>
    public async Task<SessionEnd> RunAsync(
        IChatTransport transport,
        CancellationToken stop,
        CancellationToken gone,
        CancellationToken patience)
    {
        try
        {
            var end = await ServeAsync(transport, stop, gone, patience);
            if (GoAways.For(end, options.ReconnectSpread) is { } goAway)
            {
                frame ??= frames.Get();
                frame.TryAdd(ChatResponse.GoAwayFieldNumber, goAway);
                await WriteAsync(transport, frame, patience);
            }

            return end;
        }
        catch (Exception) when (patience.IsCancellationRequested)
        {
            return SessionEnd.GaveUp;
        }
        catch (Exception) when (gone.IsCancellationRequested)
        {
            return SessionEnd.Gone;
        }
        finally
        {
            ReturnFrame();
        }
    }

    private async Task<SessionEnd> ServeAsync(
        IChatTransport transport,
        CancellationToken stop,
        CancellationToken gone,
        CancellationToken patience)
    {
        while (!gone.IsCancellationRequested && !patience.IsCancellationRequested)
        {
            // Looked at before the answers are fetched: what is settled now has its answers there.
            var end = EndInSight(stop);
            var isAnswered = owed.RequestsEnd == RequestsEnd.Completed && owed.IsSettled;
            owed.MoveTo(pending);
            frame ??= frames.Get();
            AddHeartbeat(frame);
            filler.AddAnswers(frame, pending);
            if (end is null)
            {
                try
                {
                    if (isAnswered && pending.Count == 0)
                    {
                        await filler.FixHeadsAsync(gone);
                    }

                    await filler.AddMessagesAsync(frame, gone);
                }
                catch (LogDamagedException error)
                {
                    Error = error;
                    return SessionEnd.LogDamaged;
                }
                catch (StoreUnavailableException error)
                {
                    // The answers in this frame are not said; their sends are repeated and found.
                    Error = error;
                    frame.Clear();
                    return SessionEnd.StoreUnavailable;
                }
            }

            if (frame.Length > 0)
            {
                await WriteAsync(transport, frame, patience);
            }
            else if (end is { } reached)
            {
                return reached;
            }
            else if (filler.HeadsAreFixed)
            {
                return SessionEnd.Completed;
            }
            else
            {
                ReturnFrame();
                await bell.WaitAsync();
            }
        }

        // In this order: who is given up is gone, too, as soon as its call has been aborted.
        return patience.IsCancellationRequested ? SessionEnd.GaveUp : SessionEnd.Gone;
    }

    // What the session ends with once everything that is owed has been said; null while it goes on.
    private SessionEnd? EndInSight(CancellationToken stop)
    {
        if (owed.HasFailed)
        {
            Error = owed.Failure;
            return SessionEnd.StoreUnavailable;
        }

        return owed.RequestsEnd switch
        {
            RequestsEnd.NotYet => null,
            RequestsEnd.Gone => SessionEnd.Gone,
            _ when !owed.IsSettled => null,
            RequestsEnd.Unreadable => SessionEnd.RequestUnreadable,
            RequestsEnd.Stopping => SessionEnd.Draining,
            _ => stop.IsCancellationRequested ? SessionEnd.Draining : null,
        };
    }

    private void AddHeartbeat(Frame frame)
    {
        if (!greeted || clock.IsSilent)
        {
            greeted = true;
            frame.TryAdd(
                ChatResponse.HeartbeatFieldNumber, new Heartbeat { Interval = options.HeartbeatInterval.ToDuration() });
        }
    }

    // Waits once for each frame, so what it waits with is used again.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(IChatTransport transport, Frame frame, CancellationToken patience)
    {
        var bytes = frame.Length;
        clock.WriteBegins();
        metrics.FrameBegins(bytes);
        try
        {
            await transport.WriteAsync(frame, patience);
        }
        finally
        {
            metrics.FrameEnds(bytes);
            clock.WriteEnds();
        }

        owed.Release(frame.Answers);
        frame.Clear();
    }

    // An idle stream holds none.
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
