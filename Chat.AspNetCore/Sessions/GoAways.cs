using Chat.V1;
using Google.Protobuf.WellKnownTypes;

namespace Chat.AspNetCore.Sessions;

/// <summary>What a client is told when the service ends its stream on purpose.</summary>
internal static class GoAways
{
    /// <summary>The last thing said for an end; null where nothing but the status is said.</summary>
    /// <param name="end">How the session ends.</param>
    /// <param name="spread">Each client gets a delay of its own from this range, so that they do not come at once.</param>
    public static GoAway? For(SessionEnd end, TimeSpan spread) => end switch
    {
        SessionEnd.Draining => new GoAway
        {
            Why = GoAway.Types.Why.Draining,
            Reconnect = true,
            ReconnectAfter = (spread * Random.Shared.NextDouble()).ToDuration(),
            Detail = "the service stops",
        },
        SessionEnd.StoreUnavailable => new GoAway
        {
            Why = GoAway.Types.Why.StoreUnavailable,
            Reconnect = true,
            ReconnectAfter = (spread * Random.Shared.NextDouble()).ToDuration(),
            Detail = "the log can't be written now; come back to read, and repeat what was not answered a little later",
        },
        _ => null,
    };
}
