using System.Collections.Concurrent;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Rooms;
using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.ObjectPool;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// Opens, counts and ends the sessions of every door. When the application stops, or a sender is blocked, it ends them.
/// </summary>
internal sealed class SessionHost(
    IMessageLog log,
    RoomHub rooms,
    ObjectPool<Frame> frames,
    OpenCalls calls,
    BlockedSenders blocked,
    StreamLimiter streams,
    SendLimiter sends,
    ChatOptions options,
    ChatMetrics metrics,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<SessionHost> logger)
{
    private readonly ConcurrentDictionary<ChatSession, bool> open = [];

    /// <summary>The most messages that a stream has still to be sent in one room.</summary>
    public long SlowestLag => open.Select(session => session.Key.Lag).DefaultIfEmpty().Max();

    /// <summary>Serves one stream from its opening to its end.</summary>
    /// <param name="start">Who the client is, and which room it joins first.</param>
    /// <param name="transport">The client.</param>
    /// <param name="clientAborted">Fires when the client is gone.</param>
    /// <exception cref="TooManyStreamsException">The sender has as many streams as it may have.</exception>
    public async Task<SessionEnd> RunAsync(SessionStart start, IChatTransport transport, CancellationToken clientAborted)
    {
        using var turn = streams.Enter(start.Caller);
        calls.Begin();
        metrics.OnStreamOpened();
        try
        {
            await transport.OpenAsync();
            await using var session = new ChatSession(start, log, rooms, frames, sends, options, metrics, time);
            await using var onStopping = lifetime.ApplicationStopping.UnsafeRegister(
                static open => ((ChatSession)open!).Stop(SessionEndReason.Draining), session);
            using var ban = blocked.WatchSender(start.Caller.Sender, () => session.Stop(SessionEndReason.Banned));
            var end = await RunAsync(session, transport, clientAborted);
            switch (end.Reason)
            {
                case SessionEndReason.ClientAborted:
                    logger.ClientAborted(transport.Peer);
                    break;
                case SessionEndReason.TimedOut:
                    logger.ClientTimedOut(
                        transport.Peer,
                        lifetime.ApplicationStopping.IsCancellationRequested
                            ? nameof(ChatOptions.DrainLimit)
                            : nameof(ChatOptions.StallLimit));
                    transport.Abort();
                    break;
            }

            return end;
        }
        finally
        {
            metrics.OnStreamClosed();
            calls.End();
        }
    }

    private async Task<SessionEnd> RunAsync(ChatSession session, IChatTransport transport, CancellationToken clientAborted)
    {
        open.TryAdd(session, true);
        try
        {
            return await session.RunAsync(transport, clientAborted);
        }
        finally
        {
            open.TryRemove(session, out _);
        }
    }
}
