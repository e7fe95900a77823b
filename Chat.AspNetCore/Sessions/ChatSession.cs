using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.ObjectPool;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// One open stream: a loop that reads the client's requests, a loop that writes responses, and between them the pending
/// answers. It knows its client only as an <see cref="IChatTransport"/>.
/// </summary>
internal sealed class ChatSession : IAsyncDisposable
{
    // A token source costs each open stream about a hundred bytes, and a linked one more. So there are only these.
    private readonly SessionStop stop = new();
    private readonly CancellationTokenSource sessionEnded = new();
    private readonly CancellationTokenSource stallTimeout = new();
    private readonly WakeSignal wakeSignal = new();
    private readonly PendingAnswers pendingAnswers;
    private readonly SessionClock clock;
    private readonly RequestLoop requests;
    private readonly ResponseLoop responses;

    public ChatSession(
        SessionStart start,
        IMessageLog log,
        RoomHub rooms,
        ObjectPool<Frame> frames,
        SendLimiter limiter,
        ChatOptions options,
        ChatMetrics metrics,
        TimeProvider time)
    {
        pendingAnswers = new PendingAnswers(wakeSignal, options.MaxUnackedSends);
        clock = new SessionClock(options, time, wakeSignal, stop, stallTimeout, start.Caller.ExpiresAt);
        requests = new RequestLoop(start, wakeSignal, pendingAnswers, log, rooms, limiter, options);
        responses = new ResponseLoop(wakeSignal, pendingAnswers, stop, log, clock, frames, options, metrics);
    }

    /// <summary>The messages that are still to be sent, in the room that has most of them. From any thread.</summary>
    public long Lag => responses.Lag;

    /// <summary>Serves the stream to its end.</summary>
    /// <param name="transport">The client.</param>
    /// <param name="clientAborted">Fires when the client is gone.</param>
    public async Task<SessionEnd> RunAsync(IChatTransport transport, CancellationToken clientAborted)
    {
        await using var onAborted = clientAborted.UnsafeRegister(static session => ((ChatSession)session!).End(), this);
        try
        {
            await requests.JoinFirstRoomAsync(sessionEnded.Token);
            var reading = requests.RunAsync(transport, stop.Requested, sessionEnded.Token);
            try
            {
                var end = await responses.RunAsync(transport, clientAborted, stallTimeout.Token);
                return end.Reason == SessionEndReason.RequestUnreadable ? end with { Error = requests.Error } : end;
            }
            finally
            {
                await sessionEnded.CancelAsync();
                stop.Request(SessionEndReason.ClientAborted);
                await reading;
            }
        }
        finally
        {
            requests.UnfollowAll();
        }
    }

    /// <summary>To be called when the session has run.</summary>
    public async ValueTask DisposeAsync()
    {
        await clock.DisposeAsync();
        pendingAnswers.Dispose();
        stop.Dispose();
        sessionEnded.Dispose();
        stallTimeout.Dispose();
    }

    /// <summary>Ends the session soon: what was read is answered, and the client is told why.</summary>
    public void Stop(SessionEndReason reason)
    {
        stop.Request(reason);
        clock.EndSoon();
        wakeSignal.Set();
    }

    private void End()
    {
        sessionEnded.Cancel();
        wakeSignal.Set();
    }
}
