namespace Chat.AspNetCore.Storage;

/// <summary>
/// What one commit added to one room. It lives only as long as the handler of <see cref="IMessageLog.Committed"/> that
/// it is given to.
/// </summary>
internal abstract class RoomCommit
{
    public abstract string Room { get; }

    /// <summary>The newest id of the room now.</summary>
    public abstract long Head { get; }

    /// <summary>
    /// Shows the new messages, in the order of their ids, until the sink declines one. Whoever does not need them does not
    /// pay for them.
    /// </summary>
    public abstract void Show(IMessageSink sink);
}
