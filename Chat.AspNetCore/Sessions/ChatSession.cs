using GrpcChat.AspNetCore.Diagnostics;
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
    private readonly CancellationTokenSource readingStopped = new();
    private readonly CancellationTokenSource sessionEnded = new();
    private readonly CancellationTokenSource stallTimeout = new();
    private readonly WakeSignal wakeSignal = new();
    private readonly PendingAnswers pendingAnswers;
    private readonly SessionClock clock;
    private readonly RequestLoop requests;
    private readonly ResponseLoop responses;
    private readonly TimeSpan timeToDrain;

    public ChatSession(
        SessionStart start,
        IMessageLog log,
        RoomHub rooms,
        ObjectPool<Frame> frames,
        ChatOptions options,
        ChatMetrics metrics,
        TimeProvider time)
    {
        timeToDrain = DrainLimits.Of(options).Sessions;
        pendingAnswers = new PendingAnswers(wakeSignal, options.MaxUnackedSends);
        clock = new SessionClock(options, time, wakeSignal, stallTimeout);
        requests = new RequestLoop(start, wakeSignal, pendingAnswers, log, rooms, options);
        responses = new ResponseLoop(wakeSignal, pendingAnswers, log, clock, frames, options, metrics);
    }

    /// <summary>Serves the stream to its end.</summary>
    /// <param name="transport">The client.</param>
    /// <param name="stopping">Fires when the service is asked to stop.</param>
    /// <param name="clientAborted">Fires when the client is gone.</param>
    public async Task<SessionEnd> RunAsync(
        IChatTransport transport,
        CancellationToken stopping,
        CancellationToken clientAborted)
    {
        await using var onAborted = clientAborted.UnsafeRegister(static session => ((ChatSession)session!).End(), this);
        await using var onStopping = stopping.UnsafeRegister(static session => ((ChatSession)session!).Drain(), this);
        try
        {
            await requests.JoinFirstRoomAsync(sessionEnded.Token);
            var reading = requests.RunAsync(transport, stopping, readingStopped.Token, sessionEnded.Token);
            try
            {
                var end = await responses.RunAsync(transport, stopping, clientAborted, stallTimeout.Token);
                return end.Reason == SessionEndReason.RequestUnreadable ? end with { Error = requests.Error } : end;
            }
            finally
            {
                await sessionEnded.CancelAsync();
                await readingStopped.CancelAsync();
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
        readingStopped.Dispose();
        sessionEnded.Dispose();
        stallTimeout.Dispose();
    }

    private void End()
    {
        sessionEnded.Cancel();
        wakeSignal.Set();
    }

    private void Drain()
    {
        clock.EndWithin(timeToDrain);
        readingStopped.Cancel();
        wakeSignal.Set();
    }
}
