using GrpcChat.Client;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// Decides which messages of a room are new to the user. A log that the service has instead of the one before, for
/// example after a restore, arrives as a whole; most of it, if not all, has been seen.
/// </summary>
internal sealed class NewMessages
{
    private bool isAway;
    private bool isCaughtUp;
    private long headAtJoin;
    private DateTimeOffset? newestAt;

    // What another log contained when it was met: up to this id, unless it was sent after everything before the reset.
    private (long HeadId, DateTimeOffset? SentAt) replayEnd;
    private int replayedCount;

    /// <summary>The first message from others since the user looked away; null if there is none.</summary>
    public (string LogId, long Id)? First { get; private set; }

    /// <summary>The user looks at another room, or at none.</summary>
    public void LookAway() => (isAway, First) = (true, null);

    /// <summary>The user looks at this room.</summary>
    public void LookAt() => isAway &= !isCaughtUp; // Before that, what was missed is still on its way.

    /// <summary>The service has answered a join; the newest message of the room has this id.</summary>
    public void Joined(long headId) => headAtJoin = headId;

    /// <summary>The room has another log.</summary>
    public void Reset() => (replayEnd, replayedCount) = ((headAtJoin, newestAt), 0);

    /// <summary>
    /// Everything that the room had when it was joined has arrived. Returns how many messages of another log it was.
    /// </summary>
    public int CaughtUp(bool isCurrent)
    {
        isCaughtUp = true;
        isAway &= !isCurrent;
        var replayed = replayedCount;
        replayedCount = 0;
        return replayed;
    }

    /// <summary>A message of this time is known.</summary>
    public void Know(DateTimeOffset sentAt) => newestAt = sentAt < newestAt ? newestAt : sentAt;

    /// <summary>A message has arrived. True if it is new to the user.</summary>
    public bool Add(ChatMessage message, bool isOwn)
    {
        var isReplayed = message.Id <= replayEnd.HeadId;
        replayedCount += isReplayed ? 1 : 0;
        Know(message.SentAt);
        if (isOwn || (isReplayed && !(message.SentAt > replayEnd.SentAt)))
        {
            return false;
        }

        if (isAway)
        {
            First ??= (message.LogId, message.Id);
        }

        return true;
    }
}
