using System.Collections.Concurrent;
using GrpcChat.AspNetCore.Diagnostics;

namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// Limits the streams that one sender has open. Callers without checked names are not limited here: they would use
/// others' names up.
/// </summary>
internal sealed class StreamLimiter(ChatOptions options, ChatMetrics metrics)
{
    private readonly ConcurrentDictionary<string, int> open = [];

    /// <summary>Counts a stream until the result is disposed of.</summary>
    /// <exception cref="TooManyStreamsException">The sender has as many streams as it may have.</exception>
    public Turn Enter(Caller caller)
    {
        if (!caller.IsAuthenticated)
        {
            return default;
        }

        var count = open.AddOrUpdate(caller.Sender, 1, static (_, count) => count + 1);
        if (count > options.MaxStreamsPerSender)
        {
            Leave(caller.Sender);
            metrics.OnLimited(nameof(ChatOptions.MaxStreamsPerSender));
            throw new TooManyStreamsException(options.MaxStreamsPerSender);
        }

        return new Turn(this, caller.Sender);
    }

    private void Leave(string sender)
    {
        if (open.AddOrUpdate(sender, 0, static (_, count) => count - 1) == 0)
        {
            // Only while it is still 0: another stream may have begun.
            open.TryRemove(new KeyValuePair<string, int>(sender, 0));
        }
    }

    /// <summary>A stream that is counted.</summary>
    public readonly struct Turn(StreamLimiter limiter, string sender) : IDisposable
    {
        public void Dispose() => limiter?.Leave(sender);
    }
}
