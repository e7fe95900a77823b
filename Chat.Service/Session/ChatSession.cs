using Chat.Service.Log;
using Chat.Service.Rooms;
using Microsoft.Extensions.ObjectPool;

namespace Chat.Service.Session;

/// <summary>
/// One open stream: a loop that reads what the client asks, a loop that writes what it is due, and between them what is
/// owed. It knows its client only as an <see cref="IChatTransport"/>.
/// </summary>
internal sealed class ChatSession(
    SessionStart start,
    IMessageLog log,
    RoomHub hub,
    ObjectPool<Frame> frames,
    ChatOptions options,
    ChatMetrics metrics,
    TimeProvider time)
{
    // The rest of the drain belongs to the transport, which has to close what is given up.
    private const double DrainShare = 0.8;

    /// <summary>What was wrong with a request or the log, where that is how the session ended.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Serves the stream to its end.</summary>
    /// <param name="transport">The client.</param>
    /// <param name="stop">The service stops.</param>
    /// <param name="gone">The client is gone.</param>
    public async Task<SessionEnd> RunAsync(IChatTransport transport, CancellationToken stop, CancellationToken gone)
    {
        // A token source costs each open stream some hundred bytes, a linked one more: hence no more of them than these.
        var bell = new Doorbell();
        using var owed = new Owed(bell, options.MaxUnackedSends);
        using var reading = new CancellationTokenSource();
        using var ending = new CancellationTokenSource();
        using var patience = new CancellationTokenSource();
        await using var clock = new SessionClock(options, time, bell, patience);
        await using var onPatience = patience.Token.UnsafeRegister(static bell => ((Doorbell)bell!).Ring(), bell);
        await using var onGone = gone.UnsafeRegister(
            _ =>
            {
                ending.Cancel();
                bell.Ring();
            },
            state: null);
        await using var onStop = stop.UnsafeRegister(
            _ =>
            {
                reading.Cancel();
                clock.EndWithin(options.DrainLimit * DrainShare);
                bell.Ring();
            },
            state: null);

        var requests = new RequestLoop(start, bell, owed, log, hub, options);
        var responses = new ResponseLoop(bell, owed, log, clock, frames, options, metrics);
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
}
