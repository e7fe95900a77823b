using Chat.AspNetCore.Diagnostics;
using Chat.AspNetCore.Rooms;
using Chat.AspNetCore.Storage;
using Microsoft.Extensions.ObjectPool;

namespace Chat.AspNetCore.Sessions;

/// <summary>
/// One open stream: a loop that reads what the client asks, a loop that writes what it is due, and between them what is
/// owed. It knows its client only as an <see cref="IChatTransport"/>.
/// </summary>
internal sealed class ChatSession : IAsyncDisposable
{
    // The rest of the drain belongs to the transport, which has to close what is given up.
    private const double DrainShare = 0.8;

    // A token source costs each open stream some hundred bytes, a linked one more: hence no more of them than these.
    private readonly CancellationTokenSource reading = new();
    private readonly CancellationTokenSource ending = new();
    private readonly CancellationTokenSource patience = new();
    private readonly Doorbell bell = new();
    private readonly Owed owed;
    private readonly SessionClock clock;
    private readonly RequestLoop requests;
    private readonly ResponseLoop responses;
    private readonly TimeSpan timeToDrain;

    public ChatSession(
        SessionStart start,
        IMessageLog log,
        RoomHub hub,
        ObjectPool<Frame> frames,
        ChatOptions options,
        ChatMetrics metrics,
        TimeProvider time)
    {
        timeToDrain = options.DrainLimit * DrainShare;
        owed = new Owed(bell, options.MaxUnackedSends);
        clock = new SessionClock(options, time, bell, patience);
        requests = new RequestLoop(start, bell, owed, log, hub, options);
        responses = new ResponseLoop(bell, owed, log, clock, frames, options, metrics);
    }

    /// <summary>What was wrong with a request or the log, where that is how the session ended.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Serves the stream to its end.</summary>
    /// <param name="transport">The client.</param>
    /// <param name="stop">The service stops.</param>
    /// <param name="gone">The client is gone.</param>
    public async Task<SessionEnd> RunAsync(IChatTransport transport, CancellationToken stop, CancellationToken gone)
    {
        await using var onGone = gone.UnsafeRegister(static session => ((ChatSession)session!).Leave(), this);
        await using var onStop = stop.UnsafeRegister(static session => ((ChatSession)session!).Drain(), this);
        try
        {
            await requests.JoinFirstRoomAsync(ending.Token);
            var requesting = requests.RunAsync(transport, stop, reading.Token, ending.Token);
            try
            {
                var end = await responses.RunAsync(transport, stop, gone, patience.Token);
                Error = end == SessionEnd.RequestUnreadable ? requests.Error : responses.Error;
                return end;
            }
            finally
            {
                await ending.CancelAsync();
                await reading.CancelAsync();
                await requesting;
            }
        }
        finally
        {
            requests.UnfollowAll();
        }
    }

    /// <summary>Called when the session has run.</summary>
    public async ValueTask DisposeAsync()
    {
        await clock.DisposeAsync();
        owed.Dispose();
        reading.Dispose();
        ending.Dispose();
        patience.Dispose();
    }

    private void Leave()
    {
        ending.Cancel();
        bell.Ring();
    }

    private void Drain()
    {
        clock.EndWithin(timeToDrain);
        reading.Cancel();
        bell.Ring();
    }
}
